select format_number(1234567.891, 2), printf('%.2f', 1.5D), date_format(date'2024-03-01', 'MMM d, yyyy');
