select cast('abc' as binary), X'414243', X'', cast(null as binary);
select unhex('C3A9'), array(X'41', X'42'), named_struct('b', X'43');
select hex(X'00FF10'), base64(X'00FF10'), length(X'00FF10');
