-- A SQL file: its rows become squares.sql.csv.
select id, id * id as square, id % 2 = 0 as even from range(1, 6)
