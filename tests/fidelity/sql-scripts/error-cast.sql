set spark.sql.ansi.enabled=true;
select 'before';
select cast('abc' as int);
select 'after';
