#!/bin/sh
# Every setting stands in the manual page and in the example, and nothing else does; the pages say
# the defaults that hold, every field of the record, and every command, option and exit code of the
# command line; mandoc finds nothing wrong with them.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

list=${LIST_SETTINGS:-tests/unit/list_settings}

# items_of PAGE: "path TAB the item's lines in one", for each setting that the page describes.
items_of() {
	awk '
	BEGIN {
		scope["GENERAL SETTINGS"] = ""
		scope["ENDPOINTS"] = "endpoint.*."
		scope["POOLS"] = "pool.*."
		scope["SPOOLS"] = "spool.*."
	}
	function flush() {
		if (item != "")
			print item "\t" text
		item = text = ""
	}
	/^\.Sh / {
		flush()
		section = substr($0, 5)
		next
	}
	section in scope && /^\.It Ic / {
		flush()
		item = scope[section] $3
		next
	}
	/^\.El/ { flush() }
	item != "" { text = text " " $0 }
	END { flush() }' "$1"
}

# settings_of EXAMPLE: the path of each setting, in force or behind a #.
settings_of() {
	awk '
	{
		sub(/^[ \t]*#?[ \t]*/, "")
		sub(/[ \t]*\/\/.*/, "")
	}
	/^[A-Za-z_]+: *\{/ {
		name = $1
		sub(/:.*/, "", name)
		# What stands in endpoint, pool and spool has a name of the user.
		depth++
		path[depth] = depth == 2 ? "*" : name
		next
	}
	/^\};?$/ { depth--; next }
	/^[A-Za-z_]+ *= / {
		name = ""
		for (i = 1; i <= depth; i++)
			name = name path[i] "."
		print name $1
	}' "$1"
}

# same WHAT NAMES: objects to names that only the table or only WHAT has.
same() {
	sort -u "$tmp/names" >"$tmp/left"
	sort -u "$2" >"$tmp/right"
	comm -23 "$tmp/left" "$tmp/right" | sed "s|^|$1: missing: |" >&2
	comm -13 "$tmp/left" "$tmp/right" | sed "s|^|$1: not a setting: |" >&2
	cmp -s "$tmp/left" "$tmp/right"
}

# complete PAGE: each item says unit, default and source, and has an example that sets it.
complete() {
	items_of "$1" | awk -F'\t' -v list="$tmp/list" '
	function complain(what) {
		print "sparkspool.conf.5: " $1 ": " what
		bad = 1
	}
	BEGIN {
		while ((getline line < list) > 0) {
			split(line, part, "\t")
			fallback[part[1]] = part[2]
		}
	}
	{
		name = $1
		sub(/.*\./, "", name)
		if ($2 !~ / Unit: /)
			complain("no unit")
		if ($2 !~ / Source: /)
			complain("no source")
		if (index($2, name " = ") == 0 || $2 !~ / \.Dl /)
			complain("no example")
		if (fallback[$1] != "" && index($2, " Default: .Ql " fallback[$1] " .") == 0)
			complain("the default is " fallback[$1])
		if (fallback[$1] == "" && $2 !~ / Default: [a-z]/ && $2 !~ / Required\. /)
			complain("neither a default nor required")
	}
	END { exit bad }' >&2
}

page_names() {
	items_of "$1" | cut -f 1 >"$tmp/page"
	same sparkspool.conf.5 "$tmp/page"
}

example_names() {
	settings_of "$1" >"$tmp/example"
	same sparkspool.conf "$tmp/example"
}

# fields PAGE: each field of a record stands in its section there.
fields() {
	awk '/^\.Ss The record/ { on = 1; next } /^\.S[sh] / { on = 0 } on' "$1" >"$tmp/section"
	ret=0
	sed -n 's/.*text_put([a-z]*, "\([a-z_]*\)".*/\1/p; s/.*\\"\([a-z]*\)\\": ").*/\1/p' \
		"$srcdir/src/core/record.c" | sort -u >"$tmp/fields"
	while read -r field; do
		grep -qw "$field" "$tmp/section" || { echo "sparkspoold.8: The record: $field is missing" >&2; ret=1; }
	done <"$tmp/fields"
	return $ret
}

# metrics PAGE: each metric stands in its section there, and no other.
metrics() {
	awk '/^\.Sh METRICS/ { on = 1; next } /^\.Sh / { on = 0 } on && /^\.It Ic / { print $3 }' "$1" |
		sort -u >"$tmp/described"
	sed -n 's/.*metrics_head(b, "\([a-z_]*\)".*/\1/p' "$srcdir/src/core/metrics.c" | sort -u >"$tmp/metrics"
	[ -s "$tmp/metrics" ] || die 'metrics.c names no metric'
	comm -3 "$tmp/described" "$tmp/metrics" | sed 's/^/sparkspoold.8: METRICS: one side only: /' >&2
	cmp -s "$tmp/described" "$tmp/metrics"
}

# commands PAGE: each command and each error of the control protocol has its place there.
commands() {
	ret=0
	sed -n 's/^	\[DO_[A-Z]*\] = "\([a-z]*\)".*/\1/p' "$srcdir/src/core/ask.c" | sort >"$tmp/commands"
	[ "$(wc -l <"$tmp/commands")" -gt 10 ] || die 'src/core/ask.c has no commands'
	sed -n 's/^\.Ss //p' "$1" | tr -d ',' | tr ' ' '\n' | sort >"$tmp/described"
	while read -r each; do
		grep -qx "$each" "$tmp/described" || {
			echo "sparkspool-control.7: $each is missing" >&2
			ret=1
		}
		grep -q "\"do\":\"$each\"" "$1" || {
			echo "sparkspool-control.7: $each has no example" >&2
			ret=1
		}
	done <"$tmp/commands"
	return $ret
}

cli=${CLI:-./sparkspool}

# commands_of PAGE: each command has an item of its own and an example, and each of its options stands
# in the page; the names of the exit codes do, too, and their numbers.
commands_of() {
	ret=0
	complain() { echo "sparkspool.1: $*" >&2; ret=1; }
	for command in $("$cli" help | sed -n 's/^  \([a-z-]*\) .*/\1/p'); do
		grep -Eq "^\\.It Cm $command( |\$)" "$1" || complain "the command $command is missing"
		grep -Eq "^(\\.Dl|\\$) .*sparkspool.* $command( |\$)" "$1" || complain "$command has no example"
		"$cli" help "$command" | sed -n 's/^--\([a-z-]*\)=*$/\1/p' >>"$tmp/options"
	done
	for option in $(sort -u "$tmp/options"); do
		grep -Eq "(Fl|,) -$option( |,|\$)" "$1" || complain "the option --$option is missing"
	done
	sed -n 's/^\tCLI_[A-Z_]* = \([0-9]*\).*/\1/p' "$srcdir/src/cli/say.h" >"$tmp/codes"
	[ "$(wc -l <"$tmp/codes")" -gt 8 ] || complain "say.h does not list the exit codes"
	while read -r code; do
		grep -q "^\.It $code\$" "$1" || complain "the exit code $code is missing"
	done <"$tmp/codes"
	for word in $(sed -n 's/^\t\treturn "\([a-z-]*\)";$/\1/p' "$srcdir/src/cli/say.c"); do
		grep -q "^\.Pq Ql $word\$" "$1" || complain "the word $word of an exit code is missing"
	done
	return $ret
}

# All that mandoc has to say, its matters of style as well, but that other manuals are not installed here.
lint() {
	mandoc -T lint "$@" 2>&1 | grep -Ev 'referenced manual not found|outdated mandoc\.db' >"$tmp/lint" || true
	cat "$tmp/lint" >&2
	[ ! -s "$tmp/lint" ]
}

# closed PAGE: .Ql quotes all of its line: what stands behind a No or another Ql would be in the quotation, too.
closed() {
	! grep -nE '^\.(.* )?Ql .* (No|Ql) ' "$1" >&2
}

[ -x "$list" ] || skip "$list was not built"
"$list" >"$tmp/list"
cut -f 1 "$tmp/list" >"$tmp/names"
[ "$(wc -l <"$tmp/names")" -gt 40 ] || die "$list does not list the settings"

page=$srcdir/doc/sparkspool.conf.5
daemon=$srcdir/doc/sparkspoold.8
command=$srcdir/doc/sparkspool.1
example=$srcdir/etc/sparkspool.conf

sed 's/^\.It Ic settle/.It Ic setle/' "$page" | sample missing.5
must_object 'a setting that the page does not have' page_names "$tmp/missing.5"
sed 's/^\.Ql 12h \./.Ql 13h ./' "$page" | sample default.5
must_object 'another default' complete "$tmp/default.5"
sed '/^\.Dl scan = /d' "$page" | sample noexample.5
must_object 'a setting without an example' complete "$tmp/noexample.5"
sed '/#scan = /d' "$example" | sample missing.conf
must_object 'a setting that the example does not have' example_names "$tmp/missing.conf"
sed 's/#scan = /#scam = /' "$example" | sample unknown.conf
must_object 'a setting that is none' example_names "$tmp/unknown.conf"
sed 's/superseded/over/' "$daemon" | sample nofield.8
must_object 'a record with a field that the page does not have' fields "$tmp/nofield.8"

sed 's/^\.It Ic files_ended_total/.It Ic files_done_total/' "$daemon" | sample nometric.8
must_object 'a metric that the page does not have' metrics "$tmp/nometric.8"
control=$srcdir/doc/sparkspool-control.7
sed 's/^\.Ss why/.Ss how/' "$control" | sample nocommand.7
must_object 'a command that the page does not have' commands "$tmp/nocommand.7"
[ -x "$cli" ] || die "$cli was not built"
for offence in 's/^\.It Cm drain$/.It Cm drian/' '/^\.Dl sparkspool watch /d' 's/-retries/-retires/' \
    's/^\.It 126$/.It 128/' 's/^\.Pq Ql lost$/.Pq Ql gone/'; do
	sed "$offence" "$command" | sample offence.1
	must_object "a command's page after $offence" commands_of "$tmp/offence.1"
done

printf '.It Ql event=creating No and then nothing\n' | sample open.7
must_object 'a quotation that does not end' closed "$tmp/open.7"

bad=0
page_names "$page" || bad=1
complete "$page" || bad=1
example_names "$example" || bad=1
fields "$daemon" || bad=1
metrics "$daemon" || bad=1
commands "$control" || bad=1
commands_of "$command" || bad=1
for each in "$srcdir"/doc/*.[1-9]; do
	closed "$each" || bad=1
done
[ $bad -eq 0 ] || exit 1

command -v mandoc >/dev/null || skip 'there is no mandoc'
printf '.Dd November 22, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh Z\n.Xx\n' | sample bad.8
must_object 'a page with an unknown macro' lint "$tmp/bad.8"
printf '.Dd November 22, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh Z\n%s %s %s %s\n' "$tmp" of_a_line_that_is_too_long for_any_screen of_eighty_columns_or_less_than_that | sample long.8
must_object 'a page with a line that is too long' lint "$tmp/long.8"
lint "$srcdir"/doc/*.[1-9] || exit 1
