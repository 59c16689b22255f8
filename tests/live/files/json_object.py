answer = {"answer": 42, "of": ["life", None]}
%json answer
