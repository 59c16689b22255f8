-- Numbers beyond a double's digits come from the server itself as they do: only whole ones are exact.
select true as t, cast(null as int) as nothing, 9223372036854775807 as big, -9223372036854775808 as small,
  cast(0.1 as double) as tenth, cast('12345678901234567890.123456789' as decimal(38, 9)) as exact,
  cast(1.50 as decimal(5, 2)) as price, date'2026-11-22' as day, array(1, 2) as list
