rows = [{"b": 1.5, "a": "x"}, {"b": None, "a": " y "}, {"b": -2.0, "a": ""}]
%table rows
