create table t (a int comment 'with; semicolon', b string comment 'tab\tin it', c array<struct<x:int>>) using parquet comment 'it''s';
describe t;
show columns from t;
show table extended like 'nothing';
