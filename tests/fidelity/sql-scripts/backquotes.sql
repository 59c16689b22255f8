select 1 as `a b`, 2 as `c``d`, 3 as `select`;
create temporary view `odd name` as select 7 as `x.y`;
select `x.y` from `odd name`;
