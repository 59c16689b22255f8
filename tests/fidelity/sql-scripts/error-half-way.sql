select if(id = 150000, raise_error('late'), id) from range(0, 200000, 1, 4);
select 1;
