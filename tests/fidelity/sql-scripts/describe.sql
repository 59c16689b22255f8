create temporary view v as select 1 as a, 'x' as a_rather_long_column_name_that_goes_beyond, named_struct('k', 1) as s;
describe v;
desc v;
describe query select 1 as x, array(1.5) as y;
describe function abs;
describe function extended upper;
show functions like 'array_ma*';
describe v a;
