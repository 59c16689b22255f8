# The first configuration: what `sparkspool init` finds at a real server, and that the file which it
# writes is one that runs a first file.

CLI=${DAEMON%/*}/sparkspool
house init
# init ARGUMENT...: what it says is then in $D/said, its code is the function's
init() {
	"$CLI" init --url "$URL" --spool "$D/s" --state-dir "$D/state" --run-dir "$D/run" "$@" >"$D/said" 2>&1 </dev/null
}
says() { grep -qE -- "$1" "$D/said" || { cat "$D/said"; return 1; }; }
names_are() { is "$(livy_get '/sessions?size=1000' | jq -c '[.sessions[].name // "" | select(startswith("sparkspool-init-"))]')" "$1"; }
found() { is "$(jq -rs ".[0] | $1" "$D/said")" "$2"; }

check "a look" init --json -o "$D/looked"
check "a look: the version is the server's own" found .version "$(livy_get /version | jq -r .version)"
check "a look: nothing is wrong" found .trouble null
check "a look: names work" found .names true
check "a look: connect works" found .connect true
check "a look: it has left no session" names_are '[]'
check "a trial" init --try --json -o "$D/tried" --kind python,sql
check "a trial: 1+1" found .output 2
check "a trial: names" found .names true
check "a trial: connect" found .connect true
check "a trial: it has left no session" names_are '[]'

check "it says what is next" init -o "$D/conf"
check "it says what is next: the daemon" says "^  sparkspoold -f .*/conf &$"
check "and is not written over" bash -c "! '$CLI' init --url '$URL' -o '$D/conf' 2>/dev/null"
check "the daemon takes it" "$DAEMON" --check-config -f "$D/conf"
daemon_start # not in a check: what it started has to be known here, to be stopped
check "the daemon starts with it" alive "${DAEMON_PID:-none}"
# The command that it names, word for word but for where the programs are.
first=$(sed -n "s|^  \(echo .* \| \)sparkspool |\1'$CLI' |p" "$D/said")
check "it names a first file" test -n "$first"
check "a first file" is "$(bash -c "$first" 2>>"$D/log")" 10
check "SQL files run, too" is "$(echo 'select 40 + 2 as n' | "$CLI" -f "$D/conf" run -q -k sql - 2>>"$D/log")" 42
