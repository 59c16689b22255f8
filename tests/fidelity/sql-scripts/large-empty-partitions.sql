select id from range(0, 300000, 1, 60) where id % 50000 = 49999 or id > 240000;
