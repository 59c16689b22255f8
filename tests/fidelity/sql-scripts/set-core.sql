select 1;
set spark.executor.memory=5g;
select 2;
