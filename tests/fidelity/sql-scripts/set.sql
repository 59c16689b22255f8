set spark.sql.shuffle.partitions=3;
set spark.sql.shuffle.partitions;
set my.own.key = some value; with a semicolon is two;
