# The configuration: checked, refused with all its errors, read anew.

# daemon_says EXIT ARGUMENT...: its words are then in $D/said
daemon_says() {
	local want=$1
	shift
	timeout 60 "$DAEMON" "$@" >"$D/said" 2>&1 </dev/null
	is "$?" "$want" || { cat "$D/said"; return 1; }
}

house configuration
write_conf
check "--check-config of a right file" daemon_says 0 --check-config -f "$D/conf"
check "--check-config says what would run" has "$D/said" "spool s: .py (raw) files in $D/s run in pool p"
cat >"$D/bad" <<END
state_dir = "$D/state";
endpoint: { e: { url = "ftp://127.0.0.1:8998"; }; };
pool: { p: { warm: { pyspark = 0; }; max = 0; }; };
spool: {
	s: { path = "$D/s"; pool = "q"; setle = "1s"; };
};
END
check "--check-config of a wrong file: 78" daemon_says 78 --check-config -f "$D/bad"
for line in "bad:2: setting 'endpoint.e.url'" "bad:3: setting 'pool.p.max'" "bad:5: setting 'spool.s.pool': there is no pool \"q\"" \
	"bad:5: setting 'spool.s.setle' is not known; did you mean 'settle'?"; do
	check "one of its errors: $line" has "$D/said" "$line"
done
check "four lines for four errors" is "$(wc -l <"$D/said")" 4
check "a start with it: 78 as well" daemon_says 78 -f "$D/bad"
check "and the same words" has "$D/said" "did you mean 'settle'?"
check "no such file: 78" daemon_says 78 -f "$D/nothing"
check "a wrong option: 64" daemon_says 64 --no-such-option
check "--version" daemon_says 0 --version
check "--help" daemon_says 0 --help
echo hush >"$D/password"
chmod 644 "$D/password"
write_conf "$PYTHON1" "$QUICK" "url = \"$URL\"; auth = \"basic\"; user = \"u\"; password_file = \"$D/password\";"
check "a password that others can read: 78" daemon_says 78 --check-config -f "$D/conf"
check "with the file, the line, and what to do" grep -qE 'conf:4: .*password.*chmod 0600' "$D/said"
chmod 600 "$D/password"
check "one that they cannot: 0" daemon_says 0 --check-config -f "$D/conf"
check "and it is not shown" has_not "$D/said" hush

# Reloads.
write_conf
daemon_start
drop print.py
check "a file runs" ran print.py ok $'hello\ntwo-2'
cp "$D/conf" "$D/good"
cp "$D/bad" "$D/conf"
daemon_reload
check "a reload with a wrong file: the log has its errors" log_says "error .*conf:5: setting 'spool.s.setle' is not known"
check "a reload with a wrong file: and says that nothing changed" log_says 'event=not-reloaded'
drop value.py
check "a reload with a wrong file: the old one stays in force" ran value.py ok 42
mkdir "$D/more" "$D/elsewhere"
echo "print('was there')" >"$D/more/early.py"
sed "s|^spool: {|& more: { path = \"$D/more\"; pool = \"p\"; $QUICK };|" "$D/good" >"$D/conf"
daemon_reload
echo "print('came')" >"$D/more/late.py"
check "a reload adds a spool: what lies there runs" wait_for grep -qx 'was there' "$D/more/early.py.out"
check "a reload adds a spool: what comes there runs" wait_for grep -qx came "$D/more/late.py.out"
early_is_in() { is "$(jq -r .session "$D/more/early.py.json")" "$1"; }
check "a reload adds a spool: in the session that was there" wait_for early_is_in "$(field print.py .session)"
cp "$D/good" "$D/conf"
daemon_reload
echo "print('not now')" >"$D/more/removed.py"
drop none.py
check "a reload takes a spool away: the other one goes on" ran none.py ok ""
check "a reload takes a spool away: nothing is picked up there" absent "$D/more/removed.py.json"
sed "s|^state_dir = .*|state_dir = \"$D/elsewhere\";|" "$D/good" >"$D/conf"
daemon_reload
check "a reload with another state_dir is refused" is "$(count_in_log event=not-reloaded)" 2
cp "$D/good" "$D/conf"

# Two daemons.
check "a second daemon on the same state_dir: 75" daemon_says 75 -f "$D/conf"
check "and it says why" grep -qE 'error .*state' "$D/said"
mkdir -m 700 "$D/other-state"
sed "s|^state_dir = .*|state_dir = \"$D/other-state\";|" "$D/good" >"$D/conf"
second_on_spool() {
	timeout 5 "$DAEMON" -f "$D/conf" >"$D/said" 2>&1 </dev/null
	echo $?
}
CODE=$(second_on_spool)
check "another daemon on the same spool: is told so" has "$D/said" 'another daemon has locked it'
check "another daemon on the same spool: 75, as --help says" is "$CODE" 75
cp "$D/good" "$D/conf"
echo "print('alone')" | put alone.py
check "the first daemon is not disturbed" ran alone.py ok alone
daemon_stop

# A state that cannot be used starts nothing.
cp -a "$D/state" "$D/state.good"
head -c 5000 /dev/urandom >"$D/state/ledger.db"
rm -f "$D/state/ledger.db-wal" "$D/state/ledger.db-shm"
check "a ledger that is no ledger: 75" daemon_says 75 -f "$D/conf"
check "a ledger that is no ledger: it says which" grep -qE 'error .*ledger\.db' "$D/said"
rm -rf "$D/state"
mv "$D/state.good" "$D/state"
check "a copy of the right one: 75" daemon_says 75 -f "$D/conf"
check "a copy of the right one: says what to do" grep -q 'file named adopt' "$D/said"
: >"$D/state/adopt"
daemon_start
echo "print('again')" | put again.py
check "the right one again: it goes on" ran again.py ok again
check "the right one again: nothing ran twice" is "$(count_in_log 'file="print.py"')" 2
daemon_stop

# A restart under another configuration: what runs under names that are gone comes to its end.
is_deleted() { is "$(livy_status "/sessions/$1")" 404; }
house renamed
write_conf
daemon_start
drop slow.py
wait_running slow.py
BEFORE=$(job_session slow.py)
daemon_kill
sed -i -e 's/{ e: {/{ anew: {/' -e 's/{ p: {/{ pool2: {/' -e 's/pool = "p"/pool = "pool2"/' "$D/conf"
daemon_start
check "all renamed, and a restart: a word of each" log_lines 'warn (endpoint=e|pool=p) event=not-configured' 2
check "all renamed, and a restart: what ran ends" ran slow.py ok "slow, but once"
drop value.py
check "all renamed, and a restart: the next file runs" ran value.py ok 42
check "all renamed, and a restart: the former session goes" wait_for is_deleted "$BEFORE"
daemon_stop
