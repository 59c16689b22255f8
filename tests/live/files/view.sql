create or replace temporary view numbers as select id from range(3)
