select 1;
select 2
  from from t;
select 3;
