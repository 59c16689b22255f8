select 1;
begin
  declare x int default 1;
  select x;
end;
select 2;
