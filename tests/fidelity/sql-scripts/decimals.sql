select 1.0, 1.10, 0.000000001, 12345678901234567890.123456789012345678;
select cast(0 as decimal(20, 18)), cast(1 as decimal(38, 38) ) * 0, cast('-0.00000001' as decimal(10, 8));
select cast(1e10 as decimal(20, 0)), 1e10, 1.5bd, 2bd, 100000000000000000000000000000000000000;
select sum(x), avg(x) from values (1.10), (2.20), (3.333) as t(x);
select 1.0 / 3, 10 / 4, 10 div 4, cast(10 as decimal(38, 10)) / 3;
select array(0.0000001, 1.5), named_struct('d', cast(0 as decimal(12, 10)));
