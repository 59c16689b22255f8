select transform(id) using 'cat' as (x string) from range(3);
