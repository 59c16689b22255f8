create temporary view f as select 'a;b' as x, 1 as n;
insert overwrite directory 'out-dir' using csv options ('header' = 'true', 'sep' = ';') select * from f;
select * from csv.`out-dir`;
create temporary view back using csv options (path 'out-dir', header 'true', sep ';');
select * from back;
