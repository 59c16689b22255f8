selec 1;
select 2;
