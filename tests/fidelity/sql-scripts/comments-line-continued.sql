select 1 -- goes on \
; this is still a comment
+ 1;
select 2;
