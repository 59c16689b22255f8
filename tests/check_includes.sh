#!/bin/sh
# Who may know whom: base knows libc, the core knows base, an edge knows its own library and no
# other edge. HACKING has the table; this is its teeth.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

libc='assert|ctype|errno|inttypes|limits|math|search|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings|sys/queue|sys/types'

# rules: stands between "place header" lines and those of them that are not allowed.
rules() {
	awk -v libc="^<($libc)\\\\.h>\$" '
	# The library of a room: nobody else may include it.
	BEGIN {
		owner["<curl/"] = "http"
		owner["<sqlite3.h>"] = "ledger"
		owner["<libconfig.h>"] = "confload"
		owner["<sha2.h>"] = "spool"
		rooms = split("confload ctl evq export http ledger notify output sandbox spool", known, " ")
	}
	# The room that a file of src/edge belongs to: spool for spool.c and spool_read.c.
	function room_of(path,    i) {
		sub(/.*\/src\/edge\//, "", path)
		for (i = 1; i <= rooms; i++)
			if (index(path, known[i]) == 1)
				return known[i]
		sub(/[_.].*/, "", path)
		return path
	}
	function in_base(header) {
		return header ~ /^"base\/[a-z0-9_]+\.h"$/ || header ~ libc ||
		    header ~ /^<(fcntl|sys\/stat|time|unistd)\.h>$/
	}
	# sys/stat.h for the S_IS* macros; what it declares the core cannot call (check_purity.sh).
	function in_core(header) {
		return header ~ /^"(base|core)\/[a-z0-9_]+\.h"$/ || header ~ libc ||
		    header ~ /^<(jansson|sys\/stat)\.h>$/
	}
	function in_edge(room, header,    lib) {
		for (lib in owner)
			if (index(header, lib) == 1)
				return room == owner[lib]
		if (header ~ /^</)
			return header != "<jansson.h>"
		if (header ~ /^"base\//)
			return 1
		if (header ~ /^"core\//)
			return header ~ /^"core\/(msg|conf|rec)\.h"$/
		return header == "\"edge/evq.h\"" || header ~ ("^\"edge/" room "[a-z0-9_]*\\.h\"$")
	}
	# The command line: what the daemon says comes as JSON, where it is says the configuration, and
	# what a file says of itself is read by the same rooms of the core, which keep no state.
	function in_cli(path, header) {
		if (header ~ /^<(curl\/|sqlite3|libconfig|sha2)/)
			return 0
		if (is_of_init(path) && header ~ /^"core\/(livy|redact)\.h"$/)
			return 1
		if (path ~ /\/cli\/client\.c:/ && header ~ /^"edge\/(evq|http)\.h"$/)
			return 1
		if (is_of_init(header))
			return is_of_init(path)
		return header ~ /^(<|"(base|cli)\/)/ ||
		    header ~ /^"edge\/(confload|ledgerlook|sandbox)\.h"$/ ||
		    header ~ /^"core\/(conf|directive|result|source|text|words)\.h"$/
	}
	# A program of its own: its rooms are used by none of the others. What a server says is read as the daemon
	# reads it, and it is asked, by one room, in the way of the daemon.
	function is_of_init(name) {
		return name ~ /(^"|\/)cli\/(client|draft|init(_[a-z]+)?|nextstep|probe|put|question|trial)\.[ch]/
	}
	function is_allowed(path, header) {
		if (path ~ /(^|\/)src\/cli\//)
			return in_cli(path, header)
		if (path ~ /(^|\/)src\/base\//)
			return in_base(header)
		if (path ~ /(^|\/)src\/core\//)
			return in_core(header)
		if (path ~ /(^|\/)src\/edge\/(loop|main)[a-z0-9_]*\.[ch]:/)
			return header ~ /^(<|"(base|core|edge)\/)/
		return in_edge(room_of(path), header)
	}
	!is_allowed($1, $2) {
		print $1 " includes " $2 "    <- not for this room"
		bad = 1
	}
	END { exit bad }'
}

# includes DIR: lines "FILE:LINE: header", the header with its quotes or brackets.
includes() {
	find "$1/src" -name '*.[ch]' | sort |
	xargs awk '/^[ \t]*#[ \t]*include/ {
		header = $0
		sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
		sub(/[>"][^>"]*$/, substr(header, 1, 1) == "<" ? ">" : "\"", header)
		print FILENAME ":" FNR ": " header
	}'
}

walls() { includes "$1" | rules >&2; }

# one_way WHAT: objects to "user used why" lines that lead back to where they came from, and shows
# those lines.
one_way() {
	sort -u >"$tmp/edges"
	awk '{ print $1, $2 }' "$tmp/edges" | tsort >/dev/null 2>"$tmp/loop" && return 0
	say "$1 lead in a ring:"
	sed -n 's/^tsort: \([^ :]*\)$/\1/p' "$tmp/loop" | awk '
	FNR == NR { inside[$1] = 1; next }
	$1 in inside && $2 in inside { print "    " $1 " -> " $2 "  " $3 }' - "$tmp/edges" >&2
	return 1
}

headers() {
	includes "$1" | sed -n 's|^.*/src/\([a-z0-9_/]*\.h\):[0-9]*: "\(.*\)"$|\1 \2|p' |
	    one_way includes
}

# calls ARCHIVE: members and whom of the same archive they call.
calls() {
	defined "$1" >"$tmp/defined"
	undefined "$1" | awk '
	FNR == NR { at[$2] = $1; next }
	$2 in at && at[$2] != $1 { print $1, at[$2], $2 }' "$tmp/defined" - | one_way calls
}

# refuse PATH HEADER: a tree in which that file includes that header must be objected to.
try() {
	rm -rf "$tmp/tree"
	echo "#include $2" | sample "tree/src/$1"
}
refuse() {
	try "$@"
	must_object "$2 in src/$1" walls "$tmp/tree"
}
accept() {
	try "$@"
	must_accept "$2 in src/$1" walls "$tmp/tree"
}
refuse base/a.c '"core/msg.h"'
refuse base/a.c '<jansson.h>'
refuse base/a.h '"a.h"'
refuse core/a.c '"edge/evq.h"'
refuse core/a.c '<unistd.h>'
refuse core/a.h '<time.h>'
refuse core/a.c '<fcntl.h> /* "core/x.h" */'
refuse edge/http.c '"edge/spool.h"'
refuse edge/http.h '"core/sched.h"'
refuse edge/spool.c '<curl/curl.h>'
refuse edge/output.c '<sqlite3.h>'
refuse cli/a.c '"core/sched.h"'
refuse cli/a.c '"edge/ledger.h"'
refuse cli/a.c '"edge/http.h"'
refuse cli/a.c '<sqlite3.h>'
refuse cli/a.c '"cli/client.h"'
refuse cli/a.h '"cli/init.h"'
refuse cli/a.c '"core/livy.h"'
refuse cli/draft.c '"edge/evq.h"'
refuse edge/http.c '"cli/say.h"'
refuse edge/main.c '"cli/say.h"'
accept base/a.c '<unistd.h>'
accept core/a.c '<jansson.h> /* for json_t */'
accept core/a.c '<sys/stat.h>'
accept edge/http.c '<curl/curl.h>'
accept edge/http.c '"core/msg.h"'
accept edge/httpopt.c '"edge/http.h"'
accept edge/confload_table.c '"edge/confload.h"'
accept edge/loop.c '"edge/spool.h"'
accept edge/main.c '"core/sched.h"'
accept cli/a.c '"edge/confload.h"'
accept cli/a.c '"edge/sandbox.h"'
accept cli/a.c '"core/directive.h"'
accept cli/client.c '"edge/http.h"'
accept cli/client.h '"core/livy.h"'
accept cli/init_file.c '"cli/put.h"'
accept cli/a.c '<jansson.h>'

echo '#include "core/b.h"' | sample ring/src/core/a.h
echo '#include "core/a.h"' | sample ring/src/core/b.h
must_object 'headers in a ring' headers "$tmp/ring"
echo | sample ring/src/core/b.h
must_accept 'headers in a row' headers "$tmp/ring"

echo 'void b(void); void a(void); void a(void) { b(); }' | sample a.c
echo 'void b(void); void a(void); void b(void) { a(); }' | sample b.c
echo 'void b(void); void b(void) { }' | sample end.c
sample_archive ring.a a.c b.c
sample_archive row.a a.c end.c
must_object 'calls in a ring' calls "$tmp/ring.a"
must_accept 'calls in a row' calls "$tmp/row.a"

bad=0
walls "$srcdir" || bad=1
headers "$srcdir" || bad=1
[ $bad -eq 0 ] || exit 1

skip_if_instrumented libcore.a
calls libcore.a
