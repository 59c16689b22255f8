create temporary view v as select id from range(100);
cache table v;
select count(*) from v;
cache lazy table w as select sum(id) as s from v;
select * from w;
uncache table v;
clear cache;
select count(*) from v;
