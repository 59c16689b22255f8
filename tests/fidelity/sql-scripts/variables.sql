set hivevar:x=41;
set y=name;
select ${hivevar:x} + 1, '${y}', "${hiveconf:y}", '${no.such}';
set spark.sql.variable.substitute=false;
select '${y}';
