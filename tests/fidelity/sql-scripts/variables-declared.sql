declare variable v int default 5;
select v, session.v;
set var v = v + 1;
select v;
drop temporary variable v;
select v;
