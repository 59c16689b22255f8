-- a comment; with semicolons; and 'quotes
select 1; -- after; it
select 2 -- before; the end
;
-- an apostrophe that isn't closed
select '-- no comment; here', 3; --
--
select 4 --no blank
