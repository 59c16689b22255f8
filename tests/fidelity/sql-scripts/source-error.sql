select 1;
source failing.inc;
select 2;
