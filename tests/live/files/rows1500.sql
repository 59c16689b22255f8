select id from range(1500)
