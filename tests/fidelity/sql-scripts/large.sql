select id, repeat(cast(id as string), 3) from range(0, 120000, 1, 12);
select count(*) from range(1000000);
