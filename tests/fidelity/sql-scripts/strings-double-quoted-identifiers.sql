set spark.sql.ansi.enabled=true;
set spark.sql.ansi.doubleQuotedIdentifiers=true;
select 1 as "a;b", 'c' as "d"";e";
