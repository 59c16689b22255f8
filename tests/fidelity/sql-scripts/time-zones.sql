set spark.sql.session.timeZone=America/New_York;
select timestamp'2024-03-10 01:59:59' + interval 1 second, timestamp'2024-11-03 01:30:00' + interval 1 hour;
set time zone 'Asia/Kolkata';
select timestamp'2024-01-01 00:00:00Z', cast(timestamp'2024-01-01 00:00:00Z' as string), array(timestamp'2024-01-01 00:00:00Z');
set time zone interval '-03:30' hour to minute;
select timestamp'2024-01-01 00:00:00Z', current_timezone();
