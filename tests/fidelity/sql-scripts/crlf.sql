select 1;
select 'a
b';
-- comment; 
select 3
;
