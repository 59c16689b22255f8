select 'a\nb' as x, 'c\r\nd' as y union all select 'e', '' order by x;
select array('a\nb', 'c'), named_struct('k', 'x\ty'), map('p\nq', 'r');
select '';
select '', '';
select ' ';
