select id from range(999)
