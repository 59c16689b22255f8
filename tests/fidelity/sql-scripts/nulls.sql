select null;
select cast(null as int), cast(null as string), cast(null as array<int>), cast(null as struct<a:int>), cast(null as map<int,int>);
select array(null, 1), named_struct('a', null, 'b', 'null'), map('a', null);
select cast(null as decimal(10,2)), cast(null as timestamp), cast(null as date), cast(null as binary), cast(null as double), cast(null as boolean);
select 'NULL', 'null', '';
select * from values (1, null), (null, 'x'), (null, null) as t(a, b);
