select 1;
select 2; /* never closed; select 3;
select 4;
