/* a /*+ b; */ select 1;
select /*+ BROADCAST(t) */ 2 from values (1) as t(x);
