val rows = List(Map("a" -> 1, "b" -> 2), Map("a" -> 3, "b" -> 4))
%json rows
