select 'éè€', '😀', length('😀'), '中;文';
select 1 as `ö`;
-- ü;
select 'ü';
