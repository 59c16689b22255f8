select 1;
source nothing-here.inc;
select 2;
