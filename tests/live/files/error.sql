select 1,
  nothing_here
