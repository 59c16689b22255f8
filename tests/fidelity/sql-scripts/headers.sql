set spark.sql.cli.print.header=true;
select 1 as a, 'b' as `b c`;
show databases;
create temporary view v as select 1 as x;
describe v;
values (1, 2);
set spark.sql.cli.print.header=false;
select 2 as a;
