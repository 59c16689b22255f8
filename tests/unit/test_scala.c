/* test_scala: Scala files joined for an interpreter that reads lines, and its errors' lines. */
#include "help.h"

#include "base/buf.h"
#include "core/scala.h"
#include "core/scala_int.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })
#define ROUNDS 4000
#define FRAGMENTS_MAX 40

/* ---- what is sent ---------------------------------------------------------------------------- */

static void is_joined(const char *file, const char *expected)
{
	struct scala_plan plan;
	struct arena a;

	arena_init(&a);
	scala_join(&a, BYTES(file), &plan);
	ck_assert_ptr_null(plan.refused);
	ck_assert_str_eq(plan.code.p, expected);
	ck_assert_uint_eq(plan.code.n, strlen(expected));
	arena_fini(&a);
}

static void is_unchanged(const char *file)
{
	is_joined(file, file);
}

START_TEST(whole_lines_stay_as_they_are)
{
	is_unchanged("");
	is_unchanged("\n");
	is_unchanged("val a = 1\nval b = 2\n");
	is_unchanged("val a = 1; val b = 2\nprintln(a + b)");
	is_unchanged("// a comment\n\n/* and\n another */\nval a = 1 // behind\n");
	is_unchanged("def f(n: Int) = {\n  n\n    .toString\n}\nf(1)\n");
	is_unchanged("foo(\n  1,\n  2\n)\nbar[\n  Int\n]\n");
	is_unchanged("val a = 1\r\nval b = 2\r\n");
	is_unchanged("val a = 5\n-3\n");
	is_unchanged("val \xC3\xA9 = \"\xE2\x9C\x93\"\nprintln(\xC3\xA9)\n");
}
END_TEST

START_TEST(what_cannot_begin_a_statement_goes_on)
{
	is_joined("val x = df\n.count\n", "val x = df /*\n*/.count\n");
	is_joined("val x = df\n  .count\n", "val x = df /*\n*/.count\n");
	is_joined("val x = df\n\t.count\n", "val x = df /*\n*/\t.count\n");
	is_joined("val x = df\n    .a\n    .b", "val x = df /*\n*/  .a /*\n*/  .b");
	is_joined("if (a) b\nelse c\n", "if (a) b /*\n*/else c\n");
	is_joined("if (a) b;\nelse c\n", "if (a) b; /*\n*/else c\n");
	is_joined(
	    "try { a }\ncatch { b }\nfinally c\n", "try { a } /*\n*/catch { b } /*\n*/finally c\n");
	is_joined("x\nmatch { case _ => 1 }\n", "x /*\n*/match { case _ => 1 }\n");
	is_joined("for (i <- a)\nyield i\n", "for (i <- a) /*\n*/yield i\n");
	is_joined("class A\nextends B\nwith C\n", "class A /*\n*/extends B /*\n*/with C\n");
	is_joined("def f(a: A)\n: B\n= 1\n", "def f(a: A) /*\n*/: B /*\n*/= 1\n");
	is_joined("type T\n= A\n", "type T /*\n*/= A\n");
	is_joined("val f = (x: Int)\n=> x\n", "val f = (x: Int) /*\n*/=> x\n");
}
END_TEST

START_TEST(what_cannot_end_a_statement_goes_on)
{
	is_joined("val x =\n1\n", "val x = /*\n*/1\n");
	is_joined("val f = (x: Int) =>\n  x\n", "val f = (x: Int) => /*\n*/x\n");
	is_joined(
	    "val f = (x: Int) \xE2\x87\x92\n  x\n", "val f = (x: Int) \xE2\x87\x92 /*\n*/x\n");
	is_joined("df.\n  count\n", "df. /*\n*/count\n");
	is_joined("val a,\nb = 1\n", "val a, /*\n*/b = 1\n");
	is_joined("new\nA\n", "new /*\n*/A\n");
	is_joined("private\nclass A\n", "private /*\n*/class A\n");
	is_joined("implicit\nval a = 1\n", "implicit /*\n*/val a = 1\n");
	is_joined("import\na.b\n", "import /*\n*/a.b\n");
	is_joined("throw\ne\n", "throw /*\n*/e\n");
}
END_TEST

START_TEST(an_operator_at_the_end_takes_the_next_line)
{
	is_joined("val x = 1 +\n  2\n", "val x = 1 + /*\n*/2\n");
	is_joined("a max\nb\n", "a max /*\n*/b\n");
	is_joined("a ::\nb ::\nNil\nc\n", "a :: /*\n*/b :: /*\n*/Nil\nc\n");
	is_joined("\"a\" +\n\"b\"\n", "\"a\" + /*\n*/\"b\"\n");
	is_joined("f(1) &&\n!g\n", "f(1) && /*\n*/!g\n");
	is_joined("a map\n(_ + 1)\n", "a map /*\n*/(_ + 1)\n");
	is_joined("a + // c\nb\n", "a + /*\n*/b\n");
	/* Only the next line, only what can be an operand. */
	is_unchanged("a max\n\nb\n");
	is_unchanged("a size\nval b = 1\n");
	is_unchanged("a.size\nb\n");
	is_unchanged("a\nb\n");
	is_unchanged("println(a)\nprintln(b)\n");
	is_unchanged("import a._\nimport b._\n");
	is_unchanged("val f = g _\nval h = 1\n");
	/* At its beginning it is an operand, and what follows the operator. */
	is_joined("&& a\nb\nc\n", "&& a /*\n*/b\nc\n");
	is_unchanged("! a\nb\n");
}
END_TEST

START_TEST(a_condition_takes_the_next_line)
{
	is_joined("if (a)\n  b\nc\n", "if (a) /*\n*/b\nc\n");
	is_joined("if (a)\n\n\n  b\n", "if (a) /*\n\n\n*/b\n");
	is_joined("while (a)\n  b\n", "while (a) /*\n*/b\n");
	is_joined("for (i <- a)\n  b\n", "for (i <- a) /*\n*/b\n");
	is_joined("for {\n  i <- a\n}\nb\n", "for {\n  i <- a\n} /*\n*/b\n");
	is_unchanged("if (a) b\nc\n");
	is_unchanged("for (i <- a) b\nc\n");
	is_joined("if (a) b else if (c)\nd\n", "if (a) b else if (c) /*\n*/d\n");
	is_joined("do {\n a\n}\nwhile (b)\nc\n", "do {\n a\n} /*\n*/while (b)\nc\n");
	is_joined("do\na\nwhile (b)\nc\n", "do /*\n*/a /*\n*/while (b)\nc\n");
	is_unchanged("do a while (b)\nc\n");
	is_unchanged("a\nwhile (b) c\n");
	is_unchanged("foo(if (a) b)\nc\n");
}
END_TEST

START_TEST(a_block_on_the_next_line)
{
	is_joined("class A\n{\n}\n", "class A /*\n*/{\n}\n");
	is_joined("def f()\n{\n}\n", "def f() /*\n*/{\n}\n");
	is_joined("f(1)\n{ x }\n", "f(1) /*\n*/{ x }\n");
	is_joined("f { 1 }\n{ 2 }\n", "f { 1 } /*\n*/{ 2 }\n");
	is_joined("new A\n{ }\n", "new A /*\n*/{ }\n");
	is_joined("class A // c\n// c\n{\n}\n", "class A /*\n//\n*/{\n}\n");
	/* A blank line parts them, and what cannot take one has none. */
	is_unchanged("class A\n\n{\n}\n");
	is_joined("class A /* c */\n \t\n{\n}\n", "class A\n\n{\n}\n");
	is_unchanged("val x = 1\n{ 2 }\n");
	is_unchanged("class A { }\n{ 2 }\n");
	is_unchanged("def f = { 1 }\n{ 2 }\n");
	is_unchanged("if (a) { 1 }\n{ 2 }\n");
	is_unchanged("import a.b\n{ 2 }\n");
}
END_TEST

START_TEST(parameters_on_the_next_line)
{
	is_joined("def f(a: A)\n(b: B) = 1\n", "def f(a: A) /*\n*/(b: B) = 1\n");
	is_joined("def f\n(b: B) = 1\n", "def f /*\n*/(b: B) = 1\n");
	is_joined("class A\n(b: B)\n", "class A /*\n*/(b: B)\n");
	is_joined("class A[T]\n(b: T)\n", "class A[T] /*\n*/(b: T)\n");
	is_joined("class A @b()\n(c: C)\nd\n", "class A @b() /*\n*/(c: C)\nd\n");
	is_joined("class A private[b]\n(c: C)\n", "class A private[b] /*\n*/(c: C)\n");
	is_unchanged("f(a)\n(b)\n");
	is_unchanged("def f(a: A) = g\n(b)\n");
	is_unchanged("def f(a: A): B\n\n(b)\n");
	is_unchanged("class A extends B\n(c)\n");
}
END_TEST

/* There the interpreter calls wrong what is unfinished, even with a comment open. */
START_TEST(where_the_interpreter_does_not_wait)
{
	is_joined("case class A\n(b: B)\n", "case class A\f(b: B)\n");
	is_joined(
	    "case class A[\n  T, // c\n  U\n](b: T)\n", "case class A[\fT,/**/\fU\f](b: T)\n");
	is_joined(
	    "case class A private\n\n  [b](\n  c: C)\n", "case class A private\f\f[b](\n  c: C)\n");
	is_joined("case\nobject A\n", "case\fobject A\n");
	is_joined("case\nclass A(b: B)\n{\n}\n", "case\fclass A(b: B) /*\n*/{\n}\n");
	is_joined("lazy\n/* c\n */ val a = 1\nb\n", "lazy\f/**/\f/**/val a = 1\nb\n");
	is_joined(
	    "object A { lazy implicit\nval a = 1\n}\n", "object A { lazy implicit\fval a = 1\n}\n");
	is_joined("object A {\n case class B[\nT]()\n}\n", "object A {\n case class B[\fT]()\n}\n");
	is_unchanged("a match {\n case\n b => c\n}\n");
	is_unchanged("case class A(b: B)\nclass C[\n T]\nlazy val d = 1\ne\n");
}
END_TEST

START_TEST(annotations_and_modifiers)
{
	is_joined("@a\ndef f = 1\n", "@a /*\n*/def f = 1\n");
	is_joined("@a.b(\"c\")\nclass A\n", "@a.b(\"c\") /*\n*/class A\n");
	is_joined("@a @b[T]\n// c\nclass A\n", "@a @b[T] /*\n//\n*/class A\n");
	is_joined("private[a]\nval b = 1\n", "private[a] /*\n*/val b = 1\n");
	is_joined("@a\nprivate[b]\nfinal class C\n", "@a /*\n*/private[b] /*\n*/final class C\n");
	is_unchanged("val x: A @b\nval y = 1\n");
	is_unchanged("(x: @b) match { case _ => }\nval y = 1\n");
	is_unchanged("private[a] val b = 1\nval c = 1\n");
}
END_TEST

START_TEST(comments_between)
{
	is_joined("df // a\n  .b // c\n", "df /*\n*/.b // c\n");
	is_joined("df\n  // a */ /*\n  .b\n", "df /*\n//\n*/.b\n");
	is_joined("df\n\n  /* a\n   b */\n\n  .c\n", "df /*\n\n//\n//\n\n*/.c\n");
	is_joined("df /* a /* b */ c */\n.d\n", "df /*\n*/.d\n");
	is_joined("df\n/* a */ .b\n", "df /*\n*/        .b\n");
	is_joined("df\n/* \xC3\xA9 */ .b\n", "df /*\n*/        .b\n");
	/* One that ends before a statement on its line would be run with it as one. */
	is_joined("val a = 1 /* b\n c */ a + 1\n", "val a = 1\n      a + 1\n");
	is_joined("a\n/* b */ c\n", "a\n        c\n");
	is_unchanged("/* a\n b */ c\n");
	is_unchanged("a // b\n// c\nd");
}
END_TEST

START_TEST(text_is_no_code)
{
	is_unchanged("val a = \"{ ( [ // /* \\\" \"\nb\n");
	is_unchanged("val a = \"\"\"{ \" // /*\n.b \"\" { \"\"\"\"\"\nc\n");
	is_unchanged(
	    "val a = '{'\nval b = '\\''\nval c = '\"'\nval d = '\\u0022'\nval e = '''\nf\n");
	is_unchanged("val a = '\xC3\xA9'\nval b = 'sym\nval c = '+\nd\n");
	is_unchanged("val a = `{ (`\nb\n");
	is_unchanged("val a = s\"{ ${ f(\"}\") } $$ $b ${\n'}'\n} (\"\nc\n");
	is_unchanged("val a = s\"\"\"{ ${ s\"${ \"\"\"}\"\"\" }\" } \" $ { $x \"\"\"\"\nc\n");
	is_unchanged("val a = raw\"\\\"\nval b = 1\n");
	is_unchanged("val a = s\"\\\"{\" + x\nval b = 1\n");
	is_unchanged("val a = raw\"{\\\" + \"}\"\nb\n");
	is_unchanged("val a = s\"{\\\\\" + s\"\\\\(\"\nb\n");
	is_unchanged("val a = 1.5e3\nval b = 0x1F\nval c = 1.max(2)\nd\n");
	is_unchanged("val a = x_=\nval b = 1\n");
	is_joined("val a = \"x\"\n.b\n", "val a = \"x\" /*\n*/.b\n");
	is_joined("val a = s\"${x}\"\n.b\n", "val a = s\"${x}\" /*\n*/.b\n");
	is_joined("val a = \"\"\"\n.b\"\"\"\n.c\n", "val a = \"\"\"\n.b\"\"\" /*\n*/.c\n");
	is_joined("val a = 'x'\n.b\n", "val a = 'x' /*\n*/.b\n");
}
END_TEST

START_TEST(xml)
{
	is_unchanged("val a = <b c=\"{\" d='('>{{ ( \" ' // <!-- } { --> </b>\ne\n");
	is_unchanged("val a = <b>\n  <c/>\n  <![CDATA[ </b> { ]]>\n</b>\nd\n");
	is_unchanged("val a = <?b { ?>\nc\n");
	is_unchanged("val a = <b/>\n<c/>\nd\n");
	is_unchanged("a < b\nc\n");
	is_unchanged("if (a <4) b\nc\n");
	is_unchanged("val a = <b>{ c }</b>\nd\n");
	is_joined("val a = <b>{\n c +\n  d }</b>\ne\n", "val a = <b>{\fc +\fd }</b>\ne\n");
	is_joined("val a =\n<b/>\n", "val a = /*\n*/ <b/>\n");
	is_joined("val a =\n  <b/>\n", "val a = /*\n*/ <b/>\n");
	is_joined("val a = <b>{ c + // d\n // e\n\n f }</b>\n",
	    "val a = <b>{ c +/**/\f/**/\f\ff }</b>\n");
	is_joined("val a = <b c={\nd\n}>{ <e>{\nf\n}</e> }</b>\n.g\n",
	    "val a = <b c={\fd\f}>{ <e>{\ff\f}</e> }</b> /*\n*/.g\n");
}
END_TEST

START_TEST(lines_for_livy)
{
	is_unchanged("val a = 1\n%json a\n");
	is_unchanged("%json a\n%table b");
	is_unchanged("%json a\n\n\nb\n");
	is_joined("val a = 1\n\n// c\n%json a\n", "val a = 1\n%json\f\f a\n");
	is_joined("%json a\n\n%json b\n", "%json a\n%json\f b\n");
	is_joined("// c\n%json a\n", "%json\f a\n");
	is_joined("// c\r\n%json\r\n", "%json\f\r\n");
	is_joined("a // %json b\n  .c\n%table a", "a /*\n*/.c\n%table a");
	is_unchanged("a % b\n");
	is_unchanged("a\n% b\n");
	is_unchanged("foo(a\n%b)\n");
}
END_TEST

START_TEST(companions_are_compiled_together)
{
	is_joined("class A\nobject A\n", "class A /*\n*/object A\n");
	is_joined(
	    "object A\n\n// c\ncase class A(b: B)\n", "object A /*\n\n//\n*/case class A(b: B)\n");
	is_joined("trait A\nimport b.c\nclass B\nobject A\nclass D\n",
	    "trait A /*\n*/import b.c /*\n*/class B /*\n*/object A\nclass D\n");
	is_joined("class A {\n}\n\nobject A {\n}\nclass B\n",
	    "class A {\n} /*\n\n*/object A {\n}\nclass B\n");
	is_unchanged("class A\nobject B\n");
	is_unchanged("class A\nval b = new A\nobject A\n");
	is_unchanged("class A; object A\n");
	/* As in a notebook: the later one replaces the first. */
	is_unchanged("class A\nclass A\n");
	is_joined("class A\nclass A\nobject A\n", "class A\nclass A /*\n*/object A\n");
	is_unchanged("def b = new C\nclass A\nclass A\nclass C\n");
}
END_TEST

START_TEST(overloads_are_compiled_together)
{
	is_joined("def f(a: A) = 1\ndef f(b: B) = 2\nf(c)\n",
	    "def f(a: A) = 1 /*\n*/def f(b: B) = 2\nf(c)\n");
	is_unchanged("def f(a: A) = 1\ndef f(a: A) = 2\n");
	is_unchanged("def f(a: A) = 1\nval b = 1\ndef f(b: B) = 2\n");
	is_unchanged("def f(a: A = 1) = 1\ndef f(b: B = 1) = 2\n");
}
END_TEST

START_TEST(what_is_used_above_its_definition)
{
	is_joined("def a = b\ndef b = 1\na\n", "def a = b /*\n*/def b = 1\na\n");
	is_joined("def a = b\ndef c = 1\ndef b = 1\ndef d = 1\n",
	    "def a = b /*\n*/def c = 1 /*\n*/def b = 1\ndef d = 1\n");
	is_joined(
	    "def a = b\ndef b = c\ndef c = 1\n", "def a = b /*\n*/def b = c /*\n*/def c = 1\n");
	is_joined("class A(b: B)\ntype B = Int\n", "class A(b: B) /*\n*/type B = Int\n");
	is_joined("def a = s\"$x ${b}\"\nlazy val b = 1\n",
	    "def a = s\"$x ${b}\" /*\n*/lazy val b = 1\n");
	is_unchanged("def b = 1\ndef a = b\n");
	is_unchanged("def a = x.b\ndef b = 1\n");
	is_unchanged("def a = \"b\" // b\ndef b = 1\n");
	is_unchanged("def b = 1\na\ndef c = b\ndef b = 2\n");
	is_unchanged("val a = b\ndef b = 1\n");
	is_unchanged("def a(b: B) = b\nval b = 1\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_left_out)
{
	is_joined("\xEF\xBB\xBFval a = 1\n", "val a = 1\n");
	is_joined("\xEF\xBB\xBF%json a\n", "%json a\n");
	is_joined("\xEF\xBB\xBF", "");
}
END_TEST

/* ---- what is said before --------------------------------------------------------------------- */

static void is_refused(const char *file, const char *line, const char *with)
{
	struct scala_plan plan;
	struct arena a;

	arena_init(&a);
	scala_join(&a, BYTES(file), &plan);
	ck_assert_msg(plan.refused != NULL, "not refused: %s", file);
	ck_assert_msg(strncmp(plan.refused, line, strlen(line)) == 0, "%s", plan.refused);
	ck_assert_msg(strstr(plan.refused, with) != NULL, "%s", plan.refused);
	arena_fini(&a);
}

/* with NULL: none. The code is there in any case. */
static void warns(const char *file, const char *line, const char *with)
{
	struct scala_plan plan;
	struct arena a;

	arena_init(&a);
	scala_join(&a, BYTES(file), &plan);
	ck_assert_ptr_null(plan.refused);
	ck_assert_ptr_nonnull(plan.code.p);
	if (with) {
		ck_assert_msg(plan.warning != NULL, "no warning: %s", file);
		ck_assert_msg(strncmp(plan.warning, line, strlen(line)) == 0, "%s", plan.warning);
		ck_assert_msg(strstr(plan.warning, with) != NULL, "%s", plan.warning);
	} else {
		ck_assert_msg(plan.warning == NULL, "%s", plan.warning);
	}
	arena_fini(&a);
}

START_TEST(what_an_interpreter_cannot_do)
{
	is_refused("package a.b\nclass C\n", "line 1: ", "package");
	is_refused("// c\n\npackage object a { }\n", "line 3: ", "package");
	is_refused("val a = 1\n:paste\nval b = 1\n", "line 2: ", "\":paste\"");
	is_refused(":load x.scala", "line 1: ", "\":load x.scala\"");
	warns("def f(a: A)\n:paste = 1\n", "", NULL);
	warns("val a = \"\"\"\npackage a\n\"\"\"\n/*\npackage b\n:paste\n*/\n", "", NULL);
}
END_TEST

START_TEST(a_program_that_nobody_starts)
{
	is_refused("import a.b\n\nobject Main {\n  def main(a: Array[String]): Unit = { }\n}\n",
	    "line 3: Main ", "Main.main(Array())");
	is_refused("class A\nobject B extends App { }\n", "line 2: B ", "B.main(Array())");
	is_refused("object B extends A with App\n", "line 1: B ", "B.main(Array())");
	is_refused("def main(a: Array[String]) = 1\n", "line 1: main ", " main(Array())");
	warns("object Main { def main(a: A) { } }\nMain.main(null)\n", "", NULL);
	warns("object Main { def main(a: A) { } }\nval a = Main.main(null)\n", "", NULL);
	warns("object Main extends App; Main.main(null)\n", "", NULL);
	warns("class A { def main(a: A) { } }\nobject B { def f = { def main = 1 } }\n", "", NULL);
	warns("object A { val App = 1 }\n", "", NULL);
}
END_TEST

START_TEST(companions_that_stay_apart)
{
	warns("class A\n\nval b = 1\n\nobject A\n", "line 5: ", "class of line 1");
	warns("object A\nfoo\ntrait A\n", "line 3: ", "object of line 1");
	warns("class A\nobject A\n", "", NULL);
	warns("object A\nfoo\nobject A\n", "", NULL);
}
END_TEST

START_TEST(what_is_never_closed)
{
	warns("val a = 1\nfoo(\n  1\n", "line 2: ", "never closed");
	warns("foo {\n  bar(\n}\n", "line 3: ", "not opened");
	warns("foo)\nbar\n  .baz\n", "line 1: ", "not opened");
	warns("a\nval b = \"c\nd\n", "line 2: ", "string");
	warns("a\nval b = s\"${c\nd\n", "line 2: ", "never closed");
	warns("a\nval b = s\"c\nd\n", "line 2: ", "string");
	warns("a\nval b = \"\"\"c\nd\n", "line 2: ", "string");
	warns("a\n/* b\nc\n", "line 2: ", "comment");
	warns("a\nval b = <c>\nd\n", "line 2: ", "XML");
	warns("a\nval b = <c d=\"\nd\n", "line 2: ", "XML");
	warns("a\nval b = `c\nd\n", "line 2: ", "backquotes");
}
END_TEST

START_TEST(xml_that_is_torn)
{
	warns("val a = <b/>\n\n  <c/>\n", "line 3: ", "parentheses");
	warns("val a = <b>{ 1 }</b>\n<!-- c -->\n", "line 2: ", "parentheses");
	warns("val a = (<b/>\n<c/>)\n", "", NULL);
	warns("val a = <b/> <c/>\nd\n", "", NULL);
}
END_TEST

/* Before the place, all is joined; behind it, nothing is touched. */
START_TEST(up_to_what_is_not_understood)
{
	is_joined("a\n.b\nc)\nd\n.e\n", "a /*\n*/.b\nc)\nd\n.e\n");
}
END_TEST

static char *repeat(const char *what, size_t times)
{
	struct buf b;

	buf_init(&b, SIZE_MAX - 1);
	for (size_t i = 0; i < times; i++)
		(void)buf_adds(&b, what);
	return buf_steal(&b, NULL);
}

START_TEST(depth_has_a_limit)
{
	char *open = repeat("(", SCALA_DEPTH_MAX);
	char *close = repeat(")", SCALA_DEPTH_MAX);
	char *good = xasprintf("val a =\n%s1%s\n", open, close);
	char *bad = xasprintf("val a =\n%s(1)%s\n", open, close);
	char *text = repeat("s\"${", SCALA_DEPTH_MAX + 1);

	warns(good, "", NULL);
	warns(bad, "line 2: ", "brackets");
	warns(text, "line 1: ", "brackets");
	free(text);
	free(bad);
	free(good);
	free(close);
	free(open);
}
END_TEST

START_TEST(statements_have_a_limit)
{
	char *good = repeat("a\n", SCALA_PIECES_MAX);
	char *bad = repeat("a\n", SCALA_PIECES_MAX + 1);
	char *gaps = repeat(".b\n", SCALA_GAPS_MAX + 2);

	warns(good, "", NULL);
	is_refused(bad, "it has more statements", "");
	is_refused(gaps, "it has more statements", "");
	free(gaps);
	free(bad);
	free(good);
}
END_TEST

START_TEST(files_have_a_limit)
{
	struct scala_plan plan;
	struct arena a;

	arena_init(&a);
	scala_join(&a, (struct bytes){ .p = "", .n = SCALA_FILE_BYTES_MAX + 1u }, &plan);
	ck_assert_ptr_nonnull(plan.refused);
	ck_assert_int_eq(
	    scala_error_line((struct bytes){ .p = "", .n = SCALA_FILE_BYTES_MAX + 1u }, BYTES("x")),
	    0);
	arena_fini(&a);
}
END_TEST

/* ---- what always holds ----------------------------------------------------------------------- */

static size_t count_line_ends(struct bytes t)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += t.p[i] == '\n' || t.p[i] == '\f';
	return n;
}

/* Equal but for the form feeds in a line for Livy. */
static bool same_text(
    struct bytes a, const struct scala_token *t, struct bytes b, const struct scala_token *u)
{
	size_t i = t->at;

	for (size_t k = u->at; k < u->end; k++) {
		if (u->sort == SCALA_MAGIC && b.p[k] == '\f')
			continue;
		if (i == t->end || a.p[i++] != b.p[k])
			return false;
	}
	return i == t->end;
}

/* The same tokens, with as many line ends between them as the compiler counts: none, one, more. */
static void has_same_tokens(struct bytes a, struct bytes b)
{
	struct scala_lex *l = xcalloc(1, sizeof(*l));
	struct scala_lex *m = xcalloc(1, sizeof(*m));
	struct scala_token t;
	struct scala_token u;
	struct scala_token before = { .sort = SCALA_EOF };

	scala_lex_init(l, a);
	scala_lex_init(m, b);
	do {
		scala_lex_next(l, &t);
		scala_lex_next(m, &u);
		bool magic = before.sort == SCALA_MAGIC || t.sort == SCALA_MAGIC;
		ck_assert_msg(t.sort == u.sort, "%.*s\n---\n%.*s", (int)a.n, a.p, (int)b.n, b.p);
		ck_assert_uint_eq(t.depth, u.depth);
		ck_assert_msg(same_text(a, &t, b, &u), "\"%.*s\" \"%.*s\" in\n%.*s",
		    (int)(t.end - t.at), a.p + t.at, (int)(u.end - u.at), b.p + u.at, (int)a.n,
		    a.p);
		if (before.sort != SCALA_EOF && t.sort != SCALA_EOF && !magic)
			ck_assert_msg(t.newlines == u.newlines, "%u %u before \"%.*s\" in\n%.*s",
			    t.newlines, u.newlines, (int)(t.end - t.at), a.p + t.at, (int)a.n, a.p);
		before = t;
	} while (t.sort != SCALA_EOF);
	ck_assert_int_eq(l->problem == NULL, m->problem == NULL);
	free(m);
	free(l);
}

/* Whether a compiler would wait for more: something is open. */
static bool is_unfinished(struct scala_lex *l, struct bytes text)
{
	struct scala_token t;

	scala_lex_init(l, text);
	do
		scala_lex_next(l, &t);
	while (t.sort != SCALA_EOF);
	return l->problem != NULL;
}

/* Fed as Livy feeds it, to an interpreter that waits only for what is open, not a statement is
 * torn: there are at most as many pieces as the file has. */
static void is_never_torn(struct bytes file, struct bytes code)
{
	struct scala_lex *l = xcalloc(1, sizeof(*l));
	struct scala_split s;
	struct arena a;
	size_t from = 0;
	size_t units = 0;

	arena_init(&a);
	scala_split(&a, file, &s);
	for (size_t i = 0; i < code.n; i++) {
		struct bytes piece = { code.p + from, i - from };

		if ((code.p[i] != '\n' && i + 1 < code.n) || is_unfinished(l, piece))
			continue;
		scala_lex_init(l, piece);
		struct scala_token t;
		scala_lex_next(l, &t);
		if (t.sort == SCALA_EOF)
			continue; /* comments go with what follows */
		units++;
		from = i + 1;
	}
	ck_assert_msg(units <= s.pieces, "%zu of %zu\n%.*s", units, s.pieces, (int)file.n, file.p);
	arena_fini(&a);
	free(l);
}

static void holds(struct bytes file, bool whole)
{
	struct scala_plan plan;
	struct arena a;

	arena_init(&a);
	scala_join(&a, file, &plan);
	if (!plan.refused) {
		ck_assert_msg(count_line_ends(file) == count_line_ends(plan.code), "%.*s\n---\n%s",
		    (int)file.n, file.p, plan.code.p);
		has_same_tokens(file, plan.code);
		if (whole && plan.warning == NULL)
			is_never_torn(file, plan.code);
	}
	arena_fini(&a);
}

/* Small and always the same, so that a failure comes again. */
static uint32_t draw(uint32_t *seed, size_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % (uint32_t)below;
}

START_TEST(tokens_of_anything_stay)
{
	static const char *const fragment[] = { "val x = ", "df", ".count", "\n", "\n", "\n\n", " ",
		"// c /* \n", "/* a\n\n b */", "/* c */", "\"a\\\"{\"", "s\"b ${", "s\"\"\"\n${",
		"}", "{", "(", ")", "[", "]", "\n  else ", "if (a)", "case class A", "object A",
		"class B", "def f(x: Int)", "def g = f", "<a>", "</a>", "<b/>", " <c d={", "'c'",
		"'s", "'{'", "\n%json x\n", " + ", "-", ";", "\"\"\"\n\"\"\"", "@a ", "\f", "\r\n",
		"\xC3\xA9", " \xE2\x87\x92 ", "`q`", "0x1F", "1.5e3", "_", " yield ", "do ",
		"while (x)", "1", "match {", "case _ => ", "import a.b", "\"", "$", "\\", "*/", "=",
		",", "lazy val y = B" };
	uint32_t seed = 4;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct buf b;

		buf_init(&b, 4096);
		for (size_t n = draw(&seed, FRAGMENTS_MAX) + 1; n > 0; n--)
			(void)buf_adds(&b, fragment[draw(&seed, ARRAY_LEN(fragment))]);
		holds((struct bytes){ b.data, b.len }, false);
		buf_fini(&b);
	}
}
END_TEST

/* Lines as people write them, in any order: these are whole, so they can be fed. */
START_TEST(statements_of_whole_lines_are_not_torn)
{
	static const char *const line[] = { "val x = df\n", "  .count\n", "// c\n", "\n",
		"  /* d\n e */\n", "class A\n", "object A {\n}\n", "{\n  a\n}\n", "def f(x: Int)\n",
		"  (y: Int) = x +\n", "  y\n", "if (a)\n", "  b\n", "else\n", "@tailrec\n",
		"s\"${\n1\n}\"\n", "1 max\n", "val s = \"\"\"a\n.b\"\"\"\n", "while (x)\n", "do\n",
		"<a>{\n1\n}</a>.b\n", "x match {\n}\n", "private[a]\n", "a; b\n", "for {\n}\n",
		"yield c\n", "%json y\n", "def g = f\n", "foo\n", "(1)\n", "import a.b\n" };
	uint32_t seed = 9;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct buf b;

		buf_init(&b, 4096);
		for (size_t n = draw(&seed, FRAGMENTS_MAX / 2) + 1; n > 0; n--)
			(void)buf_adds(&b, line[draw(&seed, ARRAY_LEN(line))]);
		holds((struct bytes){ b.data, b.len }, true);
		buf_fini(&b);
	}
}
END_TEST

START_TEST(programs_as_people_write_them)
{
	char *dir = help_path(help_data_dir(), "../fidelity/scala-files");
	DIR *d = opendir(dir);
	unsigned seen = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (!str_ends_with(e->d_name, ".scala"))
			continue;
		char *path = help_path(dir, e->d_name);
		size_t n;
		char *text = help_read_file(path, &n);

		holds((struct bytes){ text, n }, true);
		warns(text, "", NULL);
		seen++;
		free(text);
		free(path);
	}
	closedir(d);
	free(dir);
	ck_assert_uint_ge(seen, 40);
}
END_TEST

/* Deep, long and never closed: what would be slow or never end in a lexer that looks ahead. */
START_TEST(large_files)
{
	static const char *const what[] = { "s\"\\\"\" + ", "/*", "s\"${", "a <b>", "'", "\"\"\"\"",
		"def f = f\n", "a.b\n.c\n", "class A\nobject A\n", "\f", "<a> ", "`", "$", "((",
		"x\n\n" };

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		char *text = repeat(what[i], (1u << 20) / strlen(what[i]));

		holds(BYTES(text), false);
		free(text);
	}
}
END_TEST

/* ---- lines of errors ------------------------------------------------------------------------- */

static int64_t line_of(const char *file, const char *error)
{
	struct scala_plan plan;
	struct arena a;

	arena_init(&a);
	scala_join(&a, BYTES(file), &plan);
	ck_assert_ptr_null(plan.refused);
	int64_t line = scala_error_line(plan.code, BYTES(error));
	arena_fini(&a);
	return line;
}

START_TEST(line_of_a_compiler_error)
{
	ck_assert_int_eq(
	    line_of("val a = 1\n\n\nval b = foo(1)\n", "<console>:22: error: not found: value foo\n"
						       "       val b = foo(1)\n"
						       "               ^\n"),
	    4);
	ck_assert_int_eq(line_of("def f(x: Int) = {\n    val z = bar  \n\tz.q // hm\n}",
			     "<console>:23: error: not found: value bar\n"
			     "           val z = bar\n"
			     "                   ^"),
	    2);
	/* Two lines of the message, and a line that we have changed. */
	ck_assert_int_eq(line_of("val df = 1\n   // c\n   .foo",
			     "<console>:24: error: value foo is not a member of Int\n"
			     "possible cause: maybe a semicolon is missing before `value foo'?\n"
			     "       */ .foo\n"
			     "           ^\n"),
	    3);
	/* In XML, and behind a line for Livy. */
	ck_assert_int_eq(line_of("val a = <b>{\n1 +\n2}</b>\n\n%json a\n\nfoo\n",
			     "<console>:24: error: not found: value foo\n       foo\n       ^\n"),
	    7);
}
END_TEST

/* As Scala 2.12.18 shows them: a form feed as a word, but the ^ counts it as a character. */
START_TEST(line_of_an_error_where_form_feeds_stand)
{
	static const char fed[] = "val a = <b>{\nfoo +\n  bar }</b>\nbaz\n";

	ck_assert_int_eq(line_of(fed, "<console>:11: error: not found: value foo\n"
				      "       val a = <b>{\\u000cfoo +\\u000cbar }</b>\n"
				      "                    ^\n"
				      "<console>:11: error: not found: value bar\n"
				      "       val a = <b>{\\u000cfoo +\\u000cbar }</b>\n"
				      "                          ^\n"),
	    2);
	ck_assert_int_eq(line_of(fed, "<console>:11: error: not found: value bar\n"
				      "       val a = <b>{\\u000cfoo +\\u000cbar }</b>\n"
				      "                          ^\n"),
	    3);
	ck_assert_int_eq(line_of(fed, "<console>:11: error: not found: value baz\n"
				      "       baz\n       ^\n"),
	    4);
	ck_assert_int_eq(line_of("case class A[\n  T,\n U](a: T,\n b: Zork)\n",
			     "<console>:12: error: not found: type Zork\n"
			     "        b: Zork)\n"
			     "           ^\n"),
	    4);
	ck_assert_int_eq(line_of(fed, "<console>:11: error: not found: value bar\n"
				      "       val a = <b>{\\u000cfoo +\n"
				      "               ^\n"),
	    0);
}
END_TEST

START_TEST(line_of_several_compiler_errors)
{
	static const char file[] = "def f = {\n  a\n  b\n}\ndef g = {\n  b\n  a\n\n  c\n}\n";

	ck_assert_int_eq(
	    line_of(file, "<console>:30: warning: something\n         a\n         ^\n"
			  "<console>:23: error: not found: value a\n         a\n         ^\n"
			  "<console>:24: error: not found: value b\n         b\n         ^\n"),
	    2);
	ck_assert_int_eq(
	    line_of(file, "<console>:24: error: not found: value a\n         a\n         ^\n"
			  "<console>:26: error: not found: value c\n         c\n         ^\n"),
	    7);
	/* Twice in the file: nobody knows which. */
	ck_assert_int_eq(
	    line_of(file, "<console>:24: error: not found: value a\n         a\n         ^\n"), 0);
	ck_assert_int_eq(
	    line_of(file, "<console>:24: error: not found: value a\n         d\n         ^\n"), 0);
	ck_assert_int_eq(line_of(file, "<console>:24: error: not found: value a\n"), 0);
	ck_assert_int_eq(line_of(file, "<console>:: error:\n       ^\n       ^\n"), 0);
}
END_TEST

START_TEST(line_of_an_exception)
{
	static const char file[] =
	    "def boom(x: Int) =\n  1 / x\nval l = List(0)\n  .map { x => 1 / x }\n"
	    "object Shop { def sum = boom(0) }\nclass A\nval a = 1\nval a = 2\n";

	ck_assert_int_eq(line_of(file, "java.lang.ArithmeticException: / by zero\n"
				       "  at boom(<console>:29)\n  ... 55 elided\n"),
	    1);
	ck_assert_int_eq(
	    line_of(file, "java.lang.ArithmeticException: / by zero\n"
			  "  at $anonfun$l$1(<console>:29)\n  at scala.List.map(List.scala:3)\n"),
	    3);
	ck_assert_int_eq(
	    line_of(file, "e: / by zero\n\tat scala.sys.package$.error(package.scala:30)\n"
			  "\tat $line3.$read$$iw$$iw$Shop$.sum(<console>:29)\n"),
	    0);
	ck_assert_int_eq(line_of(file, "e: x\n  at Shop$.sum(<console>:29)\n"), 5);
	ck_assert_int_eq(
	    line_of(file, "e: x\n  at other(<console>:2)\n  at A.<init>(<console>:2)\n"), 6);
	ck_assert_int_eq(line_of(file, "e: x\n  at $anonfun$res3$1(<console>:2)\n"), 0);
	ck_assert_int_eq(line_of(file, "e: x\n  at $anonfun$a$1(<console>:2)\n"), 0);
	ck_assert_int_eq(line_of(file, "e: x\n  ... 51 elided\n"), 0);
	ck_assert_int_eq(line_of(file, ""), 0);
	ck_assert_int_eq(line_of("", "e: x\n  at a(<console>:2)\n"), 0);
}
END_TEST

START_TEST(line_of_what_is_never_closed)
{
	ck_assert_int_eq(line_of("a\nfoo(\n  bar {\n", "incomplete statement"), 3);
	ck_assert_int_eq(line_of("a\nfoo\n", "incomplete statement"), 0);
}
END_TEST

START_TEST(lines_of_damaged_errors)
{
	static const char error[] = "<console>:22: error: not found\n       val b = foo(1)\n"
				    "               ^\n  at $iw.$iw.boom(<console>:29)\n";

	for (size_t from = 0; from < strlen(error); from++)
		for (size_t n = 0; n <= strlen(error) - from; n++) {
			char *cut = xstrndup(error + from, n);
			int64_t line = line_of("def boom = 1\nval b = foo(1)\n", cut);

			ck_assert_int_ge(line, 0);
			ck_assert_int_le(line, 2);
			free(cut);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scala");
	TCase *t = tcase_create("join");

	tcase_add_test(t, whole_lines_stay_as_they_are);
	tcase_add_test(t, what_cannot_begin_a_statement_goes_on);
	tcase_add_test(t, what_cannot_end_a_statement_goes_on);
	tcase_add_test(t, an_operator_at_the_end_takes_the_next_line);
	tcase_add_test(t, a_condition_takes_the_next_line);
	tcase_add_test(t, a_block_on_the_next_line);
	tcase_add_test(t, parameters_on_the_next_line);
	tcase_add_test(t, where_the_interpreter_does_not_wait);
	tcase_add_test(t, annotations_and_modifiers);
	tcase_add_test(t, comments_between);
	tcase_add_test(t, text_is_no_code);
	tcase_add_test(t, xml);
	tcase_add_test(t, lines_for_livy);
	tcase_add_test(t, companions_are_compiled_together);
	tcase_add_test(t, overloads_are_compiled_together);
	tcase_add_test(t, what_is_used_above_its_definition);
	tcase_add_test(t, a_byte_order_mark_is_left_out);
	suite_add_tcase(s, t);
	t = tcase_create("refuse");
	tcase_add_test(t, what_an_interpreter_cannot_do);
	tcase_add_test(t, a_program_that_nobody_starts);
	tcase_add_test(t, companions_that_stay_apart);
	tcase_add_test(t, what_is_never_closed);
	tcase_add_test(t, xml_that_is_torn);
	tcase_add_test(t, up_to_what_is_not_understood);
	tcase_add_test(t, depth_has_a_limit);
	tcase_add_test(t, statements_have_a_limit);
	tcase_add_test(t, files_have_a_limit);
	suite_add_tcase(s, t);
	t = tcase_create("always");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, tokens_of_anything_stay);
	tcase_add_test(t, statements_of_whole_lines_are_not_torn);
	tcase_add_test(t, programs_as_people_write_them);
	tcase_add_test(t, large_files);
	suite_add_tcase(s, t);
	t = tcase_create("lines");
	tcase_add_test(t, line_of_a_compiler_error);
	tcase_add_test(t, line_of_an_error_where_form_feeds_stand);
	tcase_add_test(t, line_of_several_compiler_errors);
	tcase_add_test(t, line_of_an_exception);
	tcase_add_test(t, line_of_what_is_never_closed);
	tcase_add_test(t, lines_of_damaged_errors);
	suite_add_tcase(s, t);
	return help_run(s);
}
