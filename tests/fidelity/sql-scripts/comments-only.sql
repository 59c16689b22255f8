-- nothing
/* nothing; at all */
;
-- ; nothing
;;
/* nothing */ -- ;
