select 1 where false;
select * from range(0);
show tables like 'nothing*';
set spark.sql.cli.print.header=true;
select 1 as a, 'x' as b where false;
show tables like 'nothing*';
create temporary view v as select 1;
drop view v;
