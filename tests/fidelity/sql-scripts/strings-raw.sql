select r'a\b', R"c\d", r'e;f';
select r'ends in a backslash;\\';
select r"it's;", r'say "so;"';
