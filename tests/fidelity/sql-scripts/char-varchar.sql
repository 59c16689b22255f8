create table c (a char(5), b varchar(5)) using parquet;
insert into c values ('x', 'y'), (null, 'four');
select a, b, length(a), concat('[', a, ']') from c order by b;
insert into c values ('toolong', 'z');
select 'never';
