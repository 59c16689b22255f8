create temporary view a as select id from range(3);
create temporary view b as select id from range(3);
select /*+ broadcast(b) */ a.id from a join b on a.id = b.id order by 1;
select /*+ coalesce(1) */ /* and; a comment */ id from a order by id;
select /*+ repartition(2), broadcast(a) */ count(*) from a;
