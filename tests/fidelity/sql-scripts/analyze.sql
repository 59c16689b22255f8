create table t using parquet as select id from range(10);
analyze table t compute statistics;
refresh table t;
alter table t rename to u;
show tables;
alter table u set tblproperties ('k;1' = 'v;2');
show tblproperties u ('k;1');
msck repair table u;
