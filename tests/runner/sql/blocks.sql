-- a file of the SQL scripting language between ordinary statements; each block is one of them
create table if not exists t (x int); /* not a block; BEGIN */
begin
  -- end;
  declare total int default 0;
  declare exit handler for sqlexception
  begin
    select 'failed; end';
  end;
  outer_loop: while total < 10 do
    set total = total + case when total % 2 = 0 then 1 else 2 end;
    if total = 5 then
      leave outer_loop;
    elseif total > 100 then
      select 'never';
    end if;
  end while outer_loop;
  for row as select x from t do
    case row.x
      when 1 then insert into t values (2);
      else begin select 1 as `end;`; end;
    end case;
  end for;
  repeat
    set total = total - 1;
  until total < 0 end repeat;
end;
select total /* gone; */ from t;
lbl: BEGIN
  SELECT "END;"; /* END; */
END lbl;
select 1 as begin
