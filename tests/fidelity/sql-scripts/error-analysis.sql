select 1; select nope
from values (1) as t(a); select 3;
