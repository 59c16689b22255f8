select 1;
dfs -ls /nowhere;
select 2;
