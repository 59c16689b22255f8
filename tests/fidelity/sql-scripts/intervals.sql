select interval 1 day, interval '1-2' year to month, interval '3 04:05:06.789' day to second, interval '10' hour;
select interval 1 year 2 months, interval 5 days 3 hours, make_interval(1, 2, 3, 4, 5, 6, 7.008);
select date'2024-03-01' - date'2024-02-28', timestamp'2024-03-01' - timestamp'2024-02-28 12:00:00';
select array(make_interval(1, 0, 0, 1)), interval '-1' month, interval 0 second;
