select 1;
-- the end; of it
/* really; */
