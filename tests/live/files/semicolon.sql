-- A comment, and a semicolon at the end.
select 'Grüße' as `ein Wort`;
