select to_json(named_struct('a', 1, 'b', 'x;"y"')), from_json('{"a":1}', 'a int'), to_csv(named_struct('a', 'x,y', 'b', 1));
select get_json_object('{"a":{"b":";"}}', '$.a.b'), schema_of_json('[{"a":1}]');
