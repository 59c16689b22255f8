select 1;
select raise_error('own words; with a semicolon');
select 2;
