/* first; */ select /* ' in; between */ 1 /* " last; */;
/* over
   lines; -- */ select 2;
select '/* no comment; */', "*/", 3 /**/;
select 4 /* * / ** /; */ ;
/***/ select 5 /* -- ; */;
