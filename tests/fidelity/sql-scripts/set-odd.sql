set my.key=a b  c;
set my.key;
set my.quoted='x;y';
set my.quoted;
set my.commented=v -- a comment
;
set my.commented;
set spark.sql.no.such.key;
set `my.back`=1;
reset my.key;
set my.key;
reset;
set my.quoted;
