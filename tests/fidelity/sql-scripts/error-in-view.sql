set spark.sql.ansi.enabled=true;
create temporary view bad as select 1 / id as x from range(1);
select 1;
select * from bad;
