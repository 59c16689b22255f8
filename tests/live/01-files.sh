# Every kind of file, dropped as people do it, and each of its results compared byte by byte.
# files/NAME is dropped; expect/NAME.out and so on are its results; expect/NAME.err.has are lines that
# its .err must hold where versions word the rest differently; a .png is only looked at.

# Long ones are made here instead of kept.
make_expected() {
	mkdir -p "$D/expect"
	cp "$LIVE"/expect/* "$D/expect/"
	awk 'BEGIN { x = sprintf("%46s", ""); gsub(/ /, "x", x); for (n = 0; n < 20000; n++) printf "%06d %s\n", n, x }' \
		>"$D/expect/big.py.out"
	awk 'BEGIN { printf "id\r\n"; for (n = 0; n < 999; n++) printf "%d\r\n", n }' >"$D/expect/rows999.sql.csv"
	awk 'BEGIN { printf "id\r\n"; for (n = 0; n < 1000; n++) printf "%d\r\n", n }' >"$D/expect/rows1500.sql.csv"
}

# Each kind has a spool, so that no two sessions of a kind are started.
write_files_conf() {
	cat >"$D/conf" <<-END
	state_dir = "$D/state";
	run_dir = "$D/run";
	endpoint: { e: { url = "$URL"; }; };
	pool: {
		python: { warm: { pyspark = 1; }; max = 1; on_stop = "delete"; };
		scala: { warm: { spark = 1; }; max = 1; on_stop = "delete"; };
		others: { warm: { sql = 0; sparkr = 0; }; max = 1; on_stop = "delete"; };
	};
	spool: {
		py: { path = "$D/py"; pool = "python"; $QUICK };
		scala: { path = "$D/scala"; pool = "scala"; $QUICK };
		sql: { path = "$D/sql"; pool = "others"; $QUICK };
		r: { path = "$D/R"; pool = "others"; $QUICK };
	};
	END
	mkdir -p "$D/py" "$D/scala" "$D/sql" "$D/R"
}

# What each of the dropped files ends with, and where an error has a line, that.
expected_status() {
	case $1 in
	runtime_error.py) echo error 5 ;;
	syntax_error.py) echo error 2 ;;
	error.sql | two.sql) echo error 2 ;;
	compile_error.scala | incomplete.scala) echo error 1 ;;
	far_error.scala) echo error 6 ;;
	zero_division.py | exit.py | spark_error.py | child.py | runtime_error.scala | value.R) echo error null ;;
	*) echo ok null ;;
	esac
}

expected_kind() {
	case $1 in
	*.py) echo pyspark ;;
	*.scala) echo spark ;;
	*.sql) echo sql ;;
	*.R) echo sparkr ;;
	esac
}

# The names of the results there should be, and that there are, without the record.
expected_results() { (cd "$D/expect" && ls -d "$1".* 2>/dev/null | sed 's/\.has$//' | sort); }
results_of() { (cd "$(spool_of "$1")" && ls -d "$1".* | grep -v '\.json$' | sort); }

compare_one() {
	local got=$1 want=$2
	case $want in
	*.png) is "$(head -c 8 "$got" | od -An -tx1)" " 89 50 4e 47 0d 0a 1a 0a" && is "$(tail -c 8 "$got" | od -An -tx1)" " 49 45 4e 44 ae 42 60 82" ;;
	*.has) while IFS= read -r line; do has "$got" "$line" || return; done <"$want" ;;
	*) same_bytes "$got" "$want" ;;
	esac
}

# results_are_right NAME: those, and no others
results_are_right() {
	local want bad=0 dir
	dir=$(spool_of "$1")
	is "$(results_of "$1" | tr '\n' ' ')" "$(expected_results "$1" | tr '\n' ' ')" || bad=1
	for want in "$D/expect/$1".*; do
		compare_one "$dir/$(basename "$want" .has)" "$want" || bad=1
	done
	return $bad
}

# record_is_right NAME STATUS LINE
record_is_right() {
	local wrong
	wrong=$(jq -r --arg status "$2" --arg line "$3" --arg kind "$(expected_kind "$1")" \
		--arg path "$(spool_of "$1")/$1" --arg size "$(stat -c %s "$(spool_of "$1")/$1")" \
		--arg sum "$(sha256sum <"$(spool_of "$1")/$1" | cut -d' ' -f1)" \
		--arg files "$(results_of "$1" | tr '\n' ' ')" '
		def must(what; it): if it then empty else "\(what) \(.)" end;
		(.status | must("status"; . == $status)),
		(.kind | must("kind"; . == $kind)),
		(.input.path | must("path"; . == $path)),
		(.input.size | must("size"; tostring == $size)),
		(.input.sha256 | must("sha256"; . == $sum)),
		([.files[] + " "] | sort | add | must("files"; . == $files)),
		(.times | must("times"; all(.[]; test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$"))
			and .queued <= .started and .started <= .finished)),
		(.session | must("session"; type == "string" and test("^sparkspool-[0-9a-f]+-" + $kind + "-"))),
		(.statement | must("statement"; type == "number" and . > 0)),
		(.attempts | must("attempts"; . == 1)),
		(.exit_code | must("exit_code"; . == null)),
		(.superseded | must("superseded"; . == false)),
		(.error | must("error"; if $status == "ok" then . == null
			else (.name | length > 0) and (.message | type == "string") end)),
		(.error.line | must("line"; tostring == $line or ($status == "ok" and . == null))),
		(.answer | must("answer"; .output.status == $status and .state == "available"))
		' <"$(json_of "$1")" 2>&1) || true
	[ -z "$wrong" ] || { echo "$wrong"; return 1; }
}

# Byte by byte what the server says now of this statement, and the file's own code in it.
answer_is_the_servers() {
	local json
	json=$(json_of "$1")
	grep -a '^  "answer": ' "$json" | sed '1s/^  "answer": //' | head -c -1 >"$D/answer"
	livy_get "/sessions/$(field "$1" .session)/statements/$(field "$1" .statement)" >"$D/statement"
	same_bytes "$D/answer" "$D/statement" || return
	case $1 in
	*.scala) # is joined for an interpreter that takes a line at a time (test_scala): line for line
		is "$(jq -j .answer.code "$json" | wc -l)" "$(wc -l <"$(spool_of "$1")/$1")" ;;
	*) tr -d '\r' <"$(spool_of "$1")/$1" | cmp - <(jq -j .answer.code "$json") ;;
	esac
}

check_file() {
	local status line
	wait_result "$1" || { not_ok "$1" "no result"; return; }
	read -r status line < <(expected_status "$1")
	check "$1: its results" results_are_right "$1"
	check "$1: its record" record_is_right "$1" "$status" "$line"
	case $1 in
	child.py | value.R) ;; # the session was retired after it
	*) check "$1: the answer in it is the server's statement" answer_is_the_servers "$1" ;;
	esac
}

can_draw() { ! grep -qs 'No module named' "$D/py/picture.py.err"; }
only_one_session() { is "$(for f in "$D"/py/*.json; do jq -r .session "$f"; done | sort -u | wc -l)" 1; }
warned() { is "$(field "$1" '.warnings | length')" "$2"; }

house files
make_expected
write_files_conf
daemon_start
watch_start "$D/py" "$D/scala" "$D/sql" "$D/R"
# Those with an expected result are this group's; child.py and value.R come last.
FILES=$(cd "$LIVE/files" && for f in *; do ls "../expect/$f".* >/dev/null 2>&1 && echo "$f"; done |
	grep -vxE 'child\.py|value\.R|properties\.py')
for file in $FILES; do drop "$file"; done
for file in $FILES; do
	if [ -n "${LIVY_URL:-}" ] && [ "$file" = picture.py ] && wait_result picture.py && ! can_draw; then
		skip picture.py "no matplotlib on that server"
	else
		check_file "$file"
	fi
done
check "one session served all Python files" only_one_session
check "1000 of 1500 rows: a warning in the record" warned rows1500.sql 1
check "999 rows: none" warned rows999.sql 0

# What a child process prints makes the interpreter's answers slip: the session is given up, and the
# next file gets its own answer.
drop child.py
wait_result child.py
drop print.py after_child.py
check_file child.py
check "a file after it has its own output" ran after_child.py ok "$(cat "$LIVE/expect/print.py.out")"
check "in another session" is "$([ "$(field after_child.py .session)" != "$(field child.py .session)" ]; echo $?)" 0

drop value.R
if [ -n "${LIVY_URL:-}" ]; then
	check "value.R ends" wait_result value.R
else
	check_file value.R
fi
watch_stop "$D/py"
check "results appear whole, by rename, the record last" watch_judge
daemon_stop
none_is_left() {
	is "$(for f in "$D"/*/*.json; do
		livy_status "/sessions/$(jq -r .session "$f")"; echo; done | sort -u)" 404
}
check "on_stop = delete: no session is left" wait_for none_is_left
