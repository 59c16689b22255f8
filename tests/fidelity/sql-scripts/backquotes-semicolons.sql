set spark.sql.cli.print.header=true;
select 1 as `a;b`, 2 as `c``;d`;
select 'it' as `it's;`, "x" as `say "so;`;
