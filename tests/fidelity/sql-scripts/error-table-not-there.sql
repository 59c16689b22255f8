drop table if exists nope;
insert into nope values (1);
select 1;
