add file other.inc;
select 1;
