select count(*) as c from range(7)
