select 1 as a, 2 as a, 3 as A;
select * from (select 1 as x) l join (select 1 as x) r on l.x = r.x;
set spark.sql.cli.print.header=true;
select 1 as a, 2 as a, 3;
select count(*), max(1), 'it''s' from values (1);
