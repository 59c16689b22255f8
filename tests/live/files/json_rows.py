rows = [
    {"name": "a, b", "n": 1, "list": [1, {"k": None}]},
    {"name": 'say "x"', "n": 12345678901234567890123, "more": True},
    {"name": "two\nlines", "n": None, "list": []},
]
%json rows
