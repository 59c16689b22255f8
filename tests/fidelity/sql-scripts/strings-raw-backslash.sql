select r'\';
select R"\", 'next;';
select 2;
