-- fidelity: ids
explain select 1 + 1;
explain extended select a from values (1) as t(a) where a > 0;
explain formatted select count(*) from range(10);
explain cost select id from range(3) where id = 1;
explain select * from nope;
