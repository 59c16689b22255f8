#!/bin/sh
# libcore.a decides and does nothing else: what it needs from outside stands in a short list.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

# What the core may call of libc (bytes, numbers, memory, search trees), of jansson, and what
# compilers put in by themselves. Not one of them reaches a clock, a descriptor or the kernel.
allowed='
(mem|str)[a-z]+|bcmp
v?snprintf
(m|c|re)alloc|free
t(search|find|delete|walk|walk_r|destroy)
qsort(_r)?|bsearch
(is|to)[a-z]+|__ctype_(b|tolower|toupper)_loc
json_[a-z0-9_]+
abort|__assert_fail|__assert
__errno_location
(l|ll)?(abs|round|rint)|floor|ceil|fabs|fmod|pow|ldexp|frexp|trunc|__(finite|isinf|isnan)
__stack_chk_fail(_local)?
__[a-z]+_chk
__isoc(99|23)_strto[a-z]+
__(u?div|u?mod|u?divmod|mulo?)[dt]i[34]
_GLOBAL_OFFSET_TABLE_
'
# Inside that list all the same: these look at the environment of the process.
refused='strerror_l|strftime(_l)?|strptime|strsignal|is(atty|fdtype)'

# foreign CORE BASE: the symbols that CORE needs from neither itself, nor BASE, nor the list.
foreign() {
	{ defined "$1"; defined "$2"; } | awk '{ print $2 }' | sort -u >"$tmp/known"
	undefined "$1" | awk '
	BEGIN {
		ok = ENVIRON["allowed"]
		sub(/^\n+/, "", ok)
		sub(/\n+$/, "", ok)
		gsub(/\n/, "|", ok)
	}
	FNR == NR { known[$1] = 1; next }
	!($2 in known) && ($2 !~ "^(" ok ")$" || $2 ~ "^(" ENVIRON["refused"] ")$") {
		print $1 " calls " $2 "    <- not for the core"
		bad = 1
	}
	END { exit bad }' "$tmp/known" - >&2
}
export allowed refused

# no_libraries BASE: base knows libc and nothing of what we build upon.
no_libraries() {
	undefined "$1" | awk '
	$2 ~ /^(curl_|json_|sqlite3_|config_|SHA[0-9])/ {
		print $1 " calls " $2 "    <- not for base"
		bad = 1
	}
	END { exit bad }' >&2
}

sample base.c <<'EOF'
void base_f(void);
void base_f(void) { }
EOF
sample pure.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void base_f(void);
int pure(char *p, const char *s);
int pure(char *p, const char *s) { base_f(); free(malloc(strlen(s))); return snprintf(p, 9, "%s", s); }
EOF
sample clock.c <<'EOF'
#include <time.h>
long when(void);
long when(void) { return (long)time(0); }
EOF
sample date.c <<'EOF'
#include <time.h>
size_t date(char *p, const struct tm *tm);
size_t date(char *p, const struct tm *tm) { return strftime(p, 9, "%F", tm); }
EOF
sample curl.c <<'EOF'
void curl_easy_reset(void *p);
void reset(void *p);
void reset(void *p) { curl_easy_reset(p); }
EOF
sample_archive base.a base.c
sample_archive pure.a pure.c
sample_archive clock.a pure.c clock.c
sample_archive date.a date.c
sample_archive curl.a curl.c
must_accept 'calls of base and libc' foreign "$tmp/pure.a" "$tmp/base.a"
must_object 'time()' foreign "$tmp/clock.a" "$tmp/base.a"
must_object 'strftime()' foreign "$tmp/date.a" "$tmp/base.a"
must_object 'a function that is nowhere' foreign "$tmp/pure.a" "$tmp/curl.a"
must_object 'libcurl in base' no_libraries "$tmp/curl.a"
must_accept 'a plain base' no_libraries "$tmp/base.a"

skip_if_instrumented libcore.a
bad=0
foreign libcore.a libbase.a || bad=1
no_libraries libbase.a || bad=1
exit $bad
