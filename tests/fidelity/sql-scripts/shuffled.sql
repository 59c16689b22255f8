set spark.sql.shuffle.partitions=20;
select id % 1000 as k, count(*) as n, sum(id) from range(100000) group by 1 order by 1;
select /*+ repartition(30) */ count(distinct id % 77) from range(10000);
set spark.sql.adaptive.enabled=false;
select id % 10 as k, max(id) from range(1000) group by 1 order by 1;
