select 'begin', 'end;';
create temporary view begin as select 1 as end;
select begin.end from begin;
select * from begin;
