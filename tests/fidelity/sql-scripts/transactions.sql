select 1;
start transaction;
select 2;
commit;
