create table o (x bigint) using parquet;
create table e (x bigint) using parquet;
from range(6) insert into o select id where id % 2 = 1 insert into e select id where id % 2 = 0;
select * from o order by x; select * from e order by x;
