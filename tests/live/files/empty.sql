select id, id as other from range(0)
