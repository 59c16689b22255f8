select X'FF41FE';
select X'00410A42';
