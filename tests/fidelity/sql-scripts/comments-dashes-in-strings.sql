select 'line one
-- line two; is text
line three';
select 2 /*
-- */;
select 3;
