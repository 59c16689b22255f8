select 'a\';b', "c\";d", 'e\\';
select 'back\\slash;', "tab\there", 'nul\0end' = 'nul';
select 'percent \% under \_', '\u0041\101', 'x\;y';
select 'multi
line; string', "and
another;"; select 'after';
