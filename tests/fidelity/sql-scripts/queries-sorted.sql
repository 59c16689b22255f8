select id, id % 7 as m from range(0, 30000, 1, 8) order by m, id desc;
select id from range(0, 1000, 1, 16) order by id desc limit 5;
select id from range(0, 1000, 1, 16) limit 5;
select id from range(0, 100, 1, 3) order by id limit 3 offset 7;
select id from range(0, 100000, 1, 10) limit 25000;
