/* pages: writes the result pages that tests/page/check looks at: pages PICTURE DIR. */
#include "core/page.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = sizeof(s) - 1 })
#define WHOLE(s, name)                                                                             \
	((struct page_head){ .head = BYTES(s), .size_bytes = sizeof(s) - 1, .file = (name) })
#define PICTURE_BYTES_MAX (1u << 20)

static const char ok_code[] =
    "#!/usr/bin/env python3\n"
    "# sparkspool: timeout=10m name=nightly\n"
    "\"\"\"Turnover by region, as every night.\"\"\"\n"
    "import sys\n"
    "\n"
    "from pyspark.sql import SparkSession, functions as F\n"
    "\n"
    "spark = SparkSession.builder.appName(\"turnover\").getOrCreate()\n"
    "orders = spark.read.parquet(\"/data/orders\").where(F.col(\"day\") == sys.argv[1])\n"
    "by_region = orders.groupBy(\"region\").agg(F.count(\"*\").alias(\"orders\"), "
    "F.sum(\"amount\").alias(\"turnover\"), F.avg(\"amount\").alias(\"average\"))\n"
    "\n"
    "if __name__ == \"__main__\":\n"
    "\tby_region.orderBy(\"region\").show()\n"
    "\tprint(f\"{orders.count()} orders\")\n";

static const char ok_out[] = "+------+------+----------+-------+\n"
			     "|region|orders|  turnover|average|\n"
			     "+------+------+----------+-------+\n"
			     "| north| 18204| 912040.55|  50.10|\n"
			     "| south|  9127| 410230.00|  44.95|\n"
			     "|  west|   311|      null|   null|\n"
			     "+------+------+----------+-------+\n"
			     "\n"
			     "27642 orders\n";

static const char ok_csv[] = "region,orders,turnover,average,note\r\n"
			     "north,18204,912040.55,50.10,\"one, two\"\r\n"
			     "south,9127,410230.00,44.95,\"said \"\"no\"\"\"\r\n"
			     "west,311,,,\"\"\r\n"
			     "total,27642,1.32227055E6,47.8,\"two\nlines\"\r\n";

static const char error_code[] = "from pyspark.sql import SparkSession\n"
				 "\n"
				 "spark = SparkSession.builder.getOrCreate()\n"
				 "\n"
				 "\n"
				 "def rate(total, days):\n"
				 "    return total / days\n"
				 "\n"
				 "\n"
				 "rows = spark.range(10).collect()\n"
				 "print(len(rows), \"rows\")\n"
				 "print(rate(len(rows), 0))\n"
				 "print(\"never printed\")\n";

static const char error_trace[] = "Traceback (most recent call last):\n"
				  "  File \"rate.py\", line 12, in <module>\n"
				  "    print(rate(len(rows), 0))\n"
				  "  File \"rate.py\", line 7, in rate\n"
				  "    return total / days\n"
				  "ZeroDivisionError: division by zero\n";

static const char log_err[] =
    "\x1b[33m26/11/22 08:15:03 WARN\x1b[0m TaskSetManager: Lost task 0.0 in stage 1.0\n"
    "\x1b[1;31mERROR\x1b[0m \x1b[2mExecutor:\x1b[22m \x1b[7minverse\x1b[27m "
    "\x1b[4munderlined\x1b[24m \x1b[38;5;208mpalette\x1b[0m \x1b[48;2;20;120;40mground\x1b[0m\n"
    "[Stage 0:>  (0 + 1) / 2]\r[Stage 0:=> (1 + 1) / 2]\r\n"
    "moved\x1b[2K\x1b[1A title \x1b]0;owned\x07 end\n";

/* Every string tries to leave its place. */
#define ESCAPE                                                                                     \
	"</pre></title></style></textarea>]]><script>document.title='owned'</script>"              \
	"<img src=x onerror=\"document.title='owned'\">' onload='document.title=1' \" x=\" "       \
	"javascript:alert(1) <!-- --> <svg/onload=alert(1)> &lt;b&gt; &#60; \x1b]8;;http://x\x07"

static const char hostile_name[] = "a \"b'<c>#?%&=:;+\xff\xe2\x80\xae.py";
static const char hostile_out[] = ESCAPE
    "\n\x00\x01\x7f \xff\xfe \xc2\x9b"
    "31m \xe2\x80\xae txet \xe2\x80\xac \xef\xbb\xbf \xe2\x80\x8b \xed\xa0\x80 "
    "\xf0\x9f\x98\x80 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d 1+2 \xf3\xa0\x81\xa1\n\x1b[8mhidden\x1b[0m "
    "\x1b[30;40mblack on black\x1b[0m \x1b[31;41mred on red\x1b[m\n"
    "last";
static const char hostile_csv[] = "<script>alert(1)</script>,\"a\"\"b\",\xff\r\n"
				  "=1+1,\"</td></table><script>document.title='owned'</script>\","
				  "\x1b[31m\r\n\"unclosed";

static const struct page_file ok_files[] = {
	{ "turnover.py.out", 327 },
	{ "turnover.py.csv", 171 },
	{ "turnover.py.1.png", 4096 },
	{ "turnover.py.files/plots/by region #2.svg", 1834201 },
	{ "turnover.py.json", -1 },
};

static const struct page_file hostile_files[] = {
	{ "a b#c?d%e\"f'g<h>&.out", 1 },
	{ "\xff\xfe.csv", 2 },
	{ "javascript:alert(1)", 3 },
	{ "../../etc/passwd", 4 },
	{ "/etc/passwd", 5 },
	{ "//example.org/x", 6 },
	{ "x/../../y", 7 },
	{ "\xe2\x80\xae"
	  "gnp.exe",
	    8 },
	{ "", 9 },
	{ "dir with space/", -1 },
};

static struct page plain(const char *name, const char *status)
{
	return (struct page){
		.name = name,
		.kind = "pyspark",
		.style = "script",
		.status = status,
		.exit_code = -1,
		.table = { .rows = -1 },
		.statement = -1,
		.queued_ms = INT64_C(1795346310000),
		.started_ms = INT64_C(1795346319122),
		.finished_ms = INT64_C(1795346321719),
		.session = "sparkspool-4f2a-pyspark-3",
		.pool = "default",
		.spool = "/srv/spool/nightly",
		.attempts = 1,
		.sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	};
}

static struct page ok_page(const struct page_picture *picture)
{
	struct page p = plain("turnover.py", "ok");

	p.exit_code = 0;
	p.code = BYTES(ok_code);
	p.code_file = "turnover.py";
	p.out = WHOLE(ok_out, "turnover.py.out");
	p.table = (struct page_table){ .csv = BYTES(ok_csv),
		.size_bytes = sizeof(ok_csv) - 1,
		.rows = 4,
		.file = "turnover.py.csv" };
	p.picture = picture;
	p.picture_count = 1;
	p.file = ok_files;
	p.file_count = ARRAY_LEN(ok_files);
	return p;
}

static struct page error_page(void)
{
	static const char *const warning[] = {
		"spark.executor.memory cannot be changed while Spark runs: 4g was not applied",
		"2 Spark jobs were still running at the end and were cancelled",
	};
	struct page p = plain("rate.py", "error");

	p.exit_code = 1;
	p.code = BYTES(error_code);
	p.code_file = "rate.py";
	p.out = WHOLE("10 rows\n", "rate.py.out");
	p.err = WHOLE(log_err, "rate.py.err");
	p.error_name = "ZeroDivisionError";
	p.error_message = "division by zero";
	p.error_line = 12;
	p.traceback = WHOLE(error_trace, NULL);
	p.warning = warning;
	p.warning_count = ARRAY_LEN(warning);
	return p;
}

static struct page hostile_page(const struct page_picture *picture)
{
	static const char *const warning[] = { ESCAPE };
	struct page p = plain(hostile_name, ESCAPE);

	p.kind = p.style = p.session = p.pool = p.spool = p.sha256 = ESCAPE;
	p.code = BYTES("\xef\xbb\xbfx = 1 # " ESCAPE "\r\n\tif \xe2\x80\xae x:\rlone\n\n\x0c\nend");
	p.code_file = hostile_name;
	p.out = WHOLE(hostile_out, hostile_name);
	p.err = WHOLE(hostile_out, hostile_name);
	p.error_name = ESCAPE;
	p.error_message = "first line\n" ESCAPE;
	p.error_line = 2;
	p.error_statement = 3;
	p.traceback = WHOLE(hostile_out, NULL);
	p.table = (struct page_table){ .csv = BYTES(hostile_csv),
		.size_bytes = sizeof(hostile_csv) - 1,
		.rows = -1,
		.file = hostile_name };
	p.picture = picture;
	p.picture_count = 1;
	p.file = hostile_files;
	p.file_count = ARRAY_LEN(hostile_files);
	p.warning = p.truncated = warning;
	p.warning_count = p.truncated_count = 1;
	p.superseded = true;
	return p;
}

/* ---- what is made by the megabyte ------------------------------------------------------------ */

struct bulk {
	struct buf code;
	struct buf out;
	struct buf csv;
};

static void bulk_fill(struct bulk *k)
{
	buf_init(&k->code, 4u << 20);
	buf_init(&k->out, 4u << 20);
	buf_init(&k->csv, 4u << 20);
	for (int i = 1; i <= 9000; i++)
		(void)buf_addf(&k->code, "x%d = %d\n", i, i);
	while (k->out.len < 600)
		(void)buf_addf(&k->out, "one line, very long: %zu; ", k->out.len);
	while (k->out.len < 3u << 20)
		(void)buf_addf(&k->out, "\n%zu bytes so far \xe2\x82\xac", k->out.len);
	for (int i = 0; i < 120; i++)
		(void)buf_addf(&k->csv, "%scolumn %d", i > 0 ? "," : "", i);
	(void)buf_adds(&k->csv, "\r\n");
	for (int row = 0; row < 1000; row++)
		for (int i = 0; i < 120; i++)
			(void)buf_addf(&k->csv, "%d%s", row * i, i < 119 ? "," : "\r\n");
}

static struct page large_page(const struct bulk *k)
{
	struct page p = plain("large.py", "error");

	p.code = (struct bytes){ k->code.data, k->code.len };
	p.out = (struct page_head){ { k->out.data, PAGE_HEAD_BYTES }, k->out.len, "large.py.out" };
	p.table = (struct page_table){ { k->csv.data, PAGE_HEAD_BYTES }, k->csv.len, 1000,
		"large.py.csv" };
	p.error_name = "AnalysisException";
	p.error_message = "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column or function parameter with "
			  "name `amuont` cannot be resolved. Did you mean one of the following? "
			  "[`amount`, `region`, `day`].\n'Project ['amuont]\n+- Relation "
			  "[region#1,day#2,amount#3] parquet";
	p.error_line = 8000;
	return p;
}

static struct page bare_page(void)
{
	struct page p = { .name = "empty.sql", .status = "rejected", .exit_code = -1 };

	p.statement = -1;
	p.error_name = "Rejected";
	p.error_message = "the file is empty";
	return p;
}

/* Each colour of letters on each ground. */
static struct page colours_page(struct buf *out)
{
	struct page p = plain("colours.py", "ok");

	buf_init(out, 1u << 20);
	for (int bg = -1; bg <= 8; bg++) {
		for (int fg = -1; fg <= 8; fg++)
			(void)buf_addf(out, "\x1b[%d;%dm %d on %d ",
			    fg < 0   ? 39
			    : fg < 8 ? 30 + fg
				     : 90,
			    bg < 0   ? 49
			    : bg < 8 ? 40 + bg
				     : 100,
			    fg, bg);
		(void)buf_adds(out, "\x1b[2m dim \x1b[0m\n");
	}
	p.out = (struct page_head){ { out->data, out->len }, out->len, NULL };
	return p;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void fail(const char *what, const char *path)
{
	(void)fprintf(stderr, "pages: %s %s: %s\n", what, path, strerror(errno));
	exit(EXIT_FAILURE);
}

static struct bytes read_picture(const char *path)
{
	char *p = xmalloc(PICTURE_BYTES_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, p, PICTURE_BYTES_MAX);

	if (n <= 0)
		fail("cannot read", path);
	(void)close(fd);
	return (struct bytes){ .p = p, .n = (size_t)n };
}

static void save(const char *dir, const char *name, const struct page *p)
{
	char *path = xasprintf("%s/%s.html", dir, name);
	struct buf b;

	buf_init(&b, PAGE_BYTES_MAX);
	page_write(&b, p);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	/* A file takes it all or is no use; a short write is a full disk. */
	if (fd < 0 || write(fd, b.data, b.len) != (ssize_t)b.len || close(fd) < 0)
		fail("cannot write", path);
	buf_fini(&b);
	free(path);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: pages PICTURE DIR\n");
		return EXIT_FAILURE;
	}
	struct bytes png = read_picture(argv[1]);
	struct page_picture picture = { "turnover.py.1.png", png };
	struct page_picture odd = { hostile_name, png };
	struct buf colours;
	struct bulk bulk;
	bulk_fill(&bulk);
	struct page all[] = { ok_page(&picture), error_page(), hostile_page(&odd),
		large_page(&bulk), bare_page(), colours_page(&colours) };
	static const char *const name[] = { "ok", "error", "hostile", "large", "bare", "colours" };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		save(argv[2], name[i], &all[i]);
	buf_fini(&bulk.code);
	buf_fini(&bulk.out);
	buf_fini(&bulk.csv);
	buf_fini(&colours);
	free((void *)(uintptr_t)png.p);
	return EXIT_SUCCESS;
}
