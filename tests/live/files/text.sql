select * from values (1, 'say "hi"'), (2, 'a,b'), (3, 'two\nlines'), (4, ' space'), (5, ''), (6, null), (7, 'back\\slash'),
  (8, 'tab\there'), (9, 'carriage\rreturn') as t(n, s) order by n
