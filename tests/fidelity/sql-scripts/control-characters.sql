select 'a	b', 'cd', 'ef', 'g h';
select	1	;
select 2;
