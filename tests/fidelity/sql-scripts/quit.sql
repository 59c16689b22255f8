select 1;
QUIT
;
select nope;
