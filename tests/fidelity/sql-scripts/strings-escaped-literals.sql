set spark.sql.parser.escapedStringLiterals=true;
select 'a\nb', '\\;', 'c;d', '\'';
set spark.sql.parser.escapedStringLiterals=false;
select 'a\nb', '\\;', 'c;d', '\'';
