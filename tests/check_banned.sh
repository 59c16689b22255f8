#!/bin/sh
# Calls that nobody may make, clocks where none belong, descriptors that children would inherit, odd formats of log lines,
# variables that outlive a call.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

c_files() { find "$@" -name '*.[ch]' | sort; }

# calls WHY NAMES FILE...: says where one of the functions (name|name) is called.
calls() {
	why=$1 names=$2
	shift 2
	[ $# -gt 0 ] || return 0
	awk -f "$srcdir/tests/strip.awk" "$@" >"$tmp/stripped"
	if grep -E "(^|[^[:alnum:]_])($names)[[:space:]]*\\(" "$tmp/stripped" >"$tmp/found"; then
		sed "s|\$|    <- $why|" "$tmp/found" >&2
		return 1
	fi
}

no_unsafe_calls() {
	calls 'banned: no limit, no errors or no reentrance' \
	    'v?sprintf|str(n?cpy|n?cat)|stpcpy|ato(i|l|ll|f)|strtok|gets|alloca|system|popen|mktemp|tmpnam' \
	    $(c_files "$@")
}

no_clocks() {
	calls 'banned: there is one clock a turn, inside the event' \
	    'time|clock|clock_gettime|gettimeofday|timespec_get|ftime|sleep|usleep|nanosleep' \
	    $(c_files "$1" | grep -v -e '/edge/loop\.c$' -e '/base/log\.c$' -e '/cli/clock\.c$')
}

no_inherited_descriptors() {
	inherited=0
	calls 'banned: there is a call that takes CLOEXEC' \
	    'creat|fopen|accept|dup|dup2|pipe|epoll_create|inotify_init|mkstemp' $(c_files "$1") || inherited=1
	# A call may go over several lines: look at whole statements.
	awk -f "$srcdir/tests/strip.awk" $(c_files "$1") | awk '
	function judge(    file) {
		file = substr(place, 1, index(place, ":"))
		if (statement ~ /[ \t]flags[ \t]*=.*CLOEXEC/)
			flags[file] = 1
		if (statement ~ /[^[:alnum:]_](open|openat|openat2|socket|accept4|pipe2|inotify_init1|signalfd|memfd_create|eventfd|timerfd_create)[ \t]*\(/ &&
		    statement !~ /CLOEXEC/ && !(statement ~ /[( ]flags[,) ]/ && file in flags)) {
			print place statement "    <- without CLOEXEC"
			bad = 1
		}
		statement = ""
	}
	{
		match($0, /^[^:]*:[0-9]+:/)
		here = substr($0, 1, RLENGTH)
		rest = substr($0, RLENGTH + 1)
		while (match(rest, /[;{}]/)) {
			if (statement == "")
				place = here
			statement = statement " " substr(rest, 1, RSTART - 1)
			rest = substr(rest, RSTART + 1)
			judge()
		}
		if (statement == "")
			place = here
		statement = statement " " rest
	}
	END { exit bad }' >&2 || inherited=1
	return $inherited
}

# base/log takes its formats apart itself, and knows few conversions; a macro such as PRIu64 is one.
no_odd_log_formats() {
	find "$1" -name '*.c' | sort | xargs awk '
	function judge(    c, rest) {
		gsub(/%" *PRI[diux](64|MAX)/, "", statement)
		rest = statement
		while (match(rest, /%([^a-zA-Z%]*(hh|h|ll|l|j|z|t|L)?[a-zA-Z]|%)/)) {
			c = substr(rest, RSTART, RLENGTH)
			rest = substr(rest, RSTART + RLENGTH)
			if (c !~ /^%((\.\*)?s|#?(ll|l|j|z)?[diux]|%)$/) {
				print place ": " c "    <- a conversion that base/log does not know"
				bad = 1
			}
		}
	}
	/(^|[^_[:alnum:]])log_(error|warn|info|debug|at)\(/ {
		place = FILENAME ":" FNR
		statement = ""
		open = 1
	}
	open { statement = statement " " $0 }
	open && /;[ \t]*$/ {
		open = 0
		judge()
	}
	END { exit bad }' >&2
}

no_struct_typedefs() {
	awk -f "$srcdir/tests/strip.awk" $(c_files "$1") >"$tmp/stripped"
	if grep -E 'typedef[[:space:]]+(struct|union)' "$tmp/stripped" >"$tmp/found"; then
		sed 's|$|    <- a typedef hides what it is|' "$tmp/found" >&2
		return 1
	fi
}

# Only the sections tell: a table of pointers is `d` for nm, though relocation makes it read-only.
# base/log keeps its sink and level, and is the only one to keep anything.
no_variables() {
	$NM -A -f sysv "$1" | awk -F'|' '
	NF >= 7 {
		section = $NF
		gsub(/[ \t]/, "", section)
		member = $1
		gsub(/[ \t]/, "", $3)
		if ($3 ~ /^[Cc]$/ || (section ~ /^\.t?(data|bss)/ && section !~ /^\.data\.rel\.ro/)) {
			if (member ~ /log\.o[]:]/ && member ~ /:state(\.[0-9]+)? *$/)
				next
			print member "    <- a variable that outlives the call (" section ")"
			bad = 1
		}
	}
	END { exit bad }' >&2
}

sample unsafe/a.c <<'EOF'
/* strcpy(a, b) in a comment is fine */
const char *text = "strcpy(a, b)";
void f(char *a, const char *b) { strcpy (a, b); }
EOF
sample clock/edge/http.c <<'EOF'
long f(void) { return time(0); }
EOF
sample clock/cli/watch.c <<'EOF'
long g(void) { return clock_gettime(0, 0); }
EOF
sample open/a.c <<'EOF'
int f(const char *s) {
	return openat(3, s,
	    O_RDONLY);
}
int g(const char *s, int flags) { return open(s, flags); }
EOF
sample clean/cli/clock.c <<'EOF'
long f(void) { return clock_gettime(0, 0); }
EOF
sample typedef/a.h <<'EOF'
typedef struct job { int id; } job_t;
EOF
sample format/a.c <<'EOF'
void f(int n) {
	log_info("job=%d width=%5d",
	    n, n);
}
EOF
sample clean/edge/log.c <<'EOF'
void g(int n, const char *s) {
	log_info("a=%d b=%" PRIu64 " c=\"%.*s\" 100%% e=%llu f=%#jx g=%zu",
	    n, UINT64_C(1), 1, s, 1ULL, UINTMAX_C(1), sizeof(n));
	printf("%5d %04o %c", n, n, n);
}
EOF
sample clean/edge/loop.c <<'EOF'
/* time(0), "strcpy(" and 'x' */
// system("x")
long f(void) { return time(0) + run_time(1) + str("gets(", '"', '\'', "\\", "sprintf("); }
int g(const char *s) { return open(s, O_RDONLY |
	O_CLOEXEC); }
int h(const char *s) { const int flags = O_CLOEXEC; return open(s, flags); }
EOF
sample variable.c <<'EOF'
int f(void) { static int n = 7; return ++n; }
EOF
sample constant.c <<'EOF'
static const char *const name[] = { "a", "b" };
const char *f(int i) { return name[i]; }
EOF
must_object 'strcpy' no_unsafe_calls "$tmp/unsafe"
must_object 'time() in an edge' no_clocks "$tmp/clock"
must_object 'openat() without O_CLOEXEC' no_inherited_descriptors "$tmp/open"
must_object 'a typedef of a struct' no_struct_typedefs "$tmp/typedef"
must_object 'a width in a line of the log' no_odd_log_formats "$tmp/format"
must_accept 'what base/log knows' no_odd_log_formats "$tmp/clean"
must_accept 'comments and strings' no_unsafe_calls "$tmp/clean"
must_accept 'the clock of the loop' no_clocks "$tmp/clean"
must_accept 'O_CLOEXEC on the next line' no_inherited_descriptors "$tmp/clean"
must_accept 'a plain file' no_struct_typedefs "$tmp/clean"
sample_archive variable.a variable.c
sample_archive constant.a constant.c
must_object 'a static variable' no_variables "$tmp/variable.a"
must_accept 'a constant table' no_variables "$tmp/constant.a"

# clean_text TREE: all of the above, each with its word.
clean_text() {
	bad=0
	no_unsafe_calls "$1/src" "$1/tests" || bad=1
	no_clocks "$1/src" || bad=1
	no_inherited_descriptors "$1/src" || bad=1
	no_struct_typedefs "$1/src" || bad=1
	no_odd_log_formats "$1/src" || bad=1
	return $bad
}
for sample in unsafe clock open typedef format; do
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/src" "$tmp/tree/tests"
	cp -r "$tmp/$sample/." "$tmp/tree/src"
	must_object "the sample \"$sample\" among good files" clean_text "$tmp/tree"
done
clean_text "$srcdir" || exit 1

skip_if_instrumented libcore.a
bad=0
for archive in libbase.a libcore.a libedge.a; do
	no_variables $archive || bad=1
done
exit $bad
