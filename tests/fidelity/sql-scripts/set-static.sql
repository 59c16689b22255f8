select 1;
set spark.sql.warehouse.dir=/elsewhere;
select 2;
