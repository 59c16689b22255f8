select 1;
source other.inc;
select 2;
select * from from_other;
