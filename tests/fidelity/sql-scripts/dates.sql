set spark.sql.session.timeZone=UTC;
select date'2024-02-29', date'0001-01-01', date'9999-12-31', date'1582-10-04', date'1582-10-15';
select timestamp'2024-02-29 23:59:59.999999', timestamp'2024-01-01', timestamp'1900-01-01 00:00:00.1', timestamp'0001-01-01 00:00:00';
select timestamp'2024-01-01 00:00:00+05:00', timestamp_ntz'2024-01-01 00:00:00.123', to_timestamp('2024-06-01 10:00:00');
select date_add(date'2024-02-28', 2), timestamp'2024-01-01' + interval 1 month, make_date(2024, 12, 31);
select date'+12345-01-01', make_date(-5, 1, 1);
