select named_struct('a', 1, 'b', named_struct('c', array(1, 2), 'd', map('k', array('v;', null))));
select array(named_struct('x', 'say "so"', 'y', 'back\\slash'), null), array(), map(), array(array(1), array());
select map(named_struct('a', 1), 'struct key'), map(array(1, 2), 3);
select array(1.5, 2.25), array(true, false), array('a', "b"), array(cast('x' as binary));
select array(date'2024-02-29', null), array(timestamp'2024-02-29 12:34:56.789'), array(timestamp_ntz'2024-02-29 12:34:56');
select named_struct('f', float(1.1), 'd', double(1e300), 'n', double('NaN'), 'i', double('Infinity'));
select struct(*) from values (1, 'a', null) as t(x, y, z);
select array(interval '1' day, interval '2 03:04:05.678' day to second);
