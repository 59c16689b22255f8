set spark.sql.ansi.enabled=true;
select 1; select 2,
  1 / (id - 1) from range(3);
select 3;
