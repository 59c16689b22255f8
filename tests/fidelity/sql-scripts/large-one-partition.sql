select id, array(id, null), cast(id as decimal(20, 3)) from range(0, 70000, 1, 1);
