select 'a;b', "c;d", 'e'';f', "g"";h";
select ';', ';;', '";', "';";
select concat('one;', "two;", 'three'); select 'four';select "five;"
;
