# The service suite's checks, in the box, as root, in the order in which an administrator meets
# these things. run starts it and reads /result/log; /result/end says that it came to its end.
exec >>/result/log 2>&1
set -u
. /payload/service/lib.sh
mkdir -p $BOX
: >$BOX/vain
cd /

# ---- as installed -------------------------------------------------------------------------------

GROUP=install
check "systemd-analyze verify has nothing to say" silent systemd-analyze verify --man=no $UNIT
for page in man8/sparkspoold.8 man5/sparkspool.conf.5; do
	check "the unit names a manual page that is there: $page" test -s /usr/share/man/$page
done
check "systemd-sysusers makes the user" systemd-sysusers sparkspool.conf
check "a second time it has nothing to do" silent systemd-sysusers sparkspool.conf
check "nobody logs in as that user" is_like "$(getent passwd sparkspool)" \
	'^sparkspool:.*:/var/lib/sparkspool:.*/nologin$'
check "it is a system user" test "$(id -u sparkspool)" -lt 1000
check "systemd-tmpfiles makes the directory" silent systemd-tmpfiles --create sparkspool.conf
check "of the spools: owner and mode" is "$(stat -c '%U:%G %a' $SPOOLS)" 'sparkspool:sparkspool 755'
check "the service can be enabled" systemctl enable $UNIT
check "and is" is "$(systemctl is-enabled $UNIT)" enabled
check "it tells when it is ready" prop_is Type notify

# Two people beside the service's own user, who submits first.
systemd-sysusers --inline 'g analysts - -' 'u alice - "submits"' 'u bob - "submits, too"' 2>/dev/null
install -d -o sparkspool -g sparkspool -m 2770 $SPOOLS/in $SPOOLS/later
GROUP=server
server_start
check "the pretended Livy is up" test -n "${URL:-}"

# ---- a configuration that is wrong --------------------------------------------------------------

# "failed" is the state of what is not tried again; before a restart it would be "activating".
refused() {
	fails systemctl start $UNIT && prop_is ExecMainStatus 78 && prop_is Result exit-code &&
		prop_is ActiveState failed && prop_is NRestarts 0
}
GROUP=refused
check "without a configuration: 78, and not again" refused
check "the journal names the file" said "$CONF"
write_conf
sed -i 's/settle =/setle =/' $CONF
check "with a wrong one: 78, and not again" refused
check "the journal has file and line" said "^$CONF:4: .*setle.*settle"
check "as an error" said "^$CONF:4: .*setle.*settle" 3

# ---- start --------------------------------------------------------------------------------------

GROUP=start
write_conf
check "systemctl start" silent systemctl start $UNIT
check "active" settled
MAIN=$(prop MainPID)
check "it runs as its user" is "$(stat -c %U "/proc/$MAIN")" sparkspool
check "and cannot become more" process_has NoNewPrivs 1
check "it may do nothing that only root may" process_has CapEff 0000000000000000
check "nor in a child" process_has CapBnd 0000000000000000
check "its system calls are filtered" process_has Seccomp 2
check "exposure $(exposure), at most 1.2" exposure_at_most 1.2
check "state_dir: owner and mode" is "$(stat -c '%U:%G %a' /var/lib/sparkspool)" \
	'sparkspool:sparkspool 700'
check "the ledger: owner and mode" is "$(stat -c '%U:%G %a' /var/lib/sparkspool/ledger.db)" \
	'sparkspool:sparkspool 600'
check "run_dir: owner and mode" is "$(stat -c '%U:%G %a' /run/sparkspool)" \
	'sparkspool:sparkspool 755'
check "systemctl status has figures" wait_for prop_like StatusText \
	'^[0-9]+ queued, [0-9]+ running, [0-9]+ sessions'
check "a dropped file has its result" runs first.py
check "the record, too, lies beside it" test -s $SPOOLS/in/first.py.json
check "owner, group and mode of the result are the file's" is \
	"$(stat -c '%U:%G %a' $SPOOLS/in/first.py.out $SPOOLS/in/first.py.json | uniq)" \
	'sparkspool:sparkspool 640'
check "others cannot read it" fails as alice cat $SPOOLS/in/first.py.out

# The daemon sees neither alice nor bob; both together would be one owner of sessions.
GROUP=hidden
drop() { echo 'print("drop")' | install -o "$1" -g "$2" -m 640 /dev/stdin "$SPOOLS/in/$3"; }
drop alice sparkspool alice.py
check "the file of another is rejected" wait_for \
	said 'status=rejected .*alice.py.*its owner is hidden .*PrivateUsers.*sparkspoold'
drop sparkspool analysts group.py
check "and so is one of another group" wait_for said 'status=rejected .*group.py.*its group is hidden'
check "none of them was sent" fails was_sent '"print(.drop'
rm $SPOOLS/in/alice.py $SPOOLS/in/group.py

# Who may ask: the kernel shows the daemon root, its own user and its own group, and one nobody.
GROUP=control
HIDDEN='^sparkspool: the daemon cannot see who you are: its service has PrivateUsers=yes; see THE SERVICE in sparkspoold\(8\)$'
put_waiting $SPOOLS/in/long.py long
check "a statement runs" wait_for was_sent 'box/long'
echo "print('waits')" | put $SPOOLS/in/waits.py
check "and another file waits" wait_for said 'event=queued .*waits.py'
for who in root sparkspool; do
	check "$who sees both" cli_says $who 0 'waits\.py' list
	check "$who sees what runs" cli_says $who 0 'long\.py' list
done
check "so does a member of the service's group" cli_says bob,sparkspool 0 'long\.py' list
for command in list "cancel ALL" "show $SPOOLS/in/long.py" sessions history hold\ ALL reload watch; do
	# shellcheck disable=SC2086 # words
	check "another user has one line and 123: $command" cli_says alice 123 "$HIDDEN" $command
done
check "and nothing but that line" is "$(cli_as alice list | wc -l)" 2
check "sums are for everybody" cli_says alice 0 '^sparkspool_files\{' metrics
echo 'print(1)' >$BOX/mine.py
check "run: he is told before the file is in the spool" cli_says alice 123 "$HIDDEN" run $BOX/mine.py
check "run: nothing is there" absent $SPOOLS/in/mine.py
check "the service's user cancels what waits" cli_says sparkspool 0 waits.py cancel $SPOOLS/in/waits.py
check "which says so" wait_for said 'event=done status=cancelled .*waits.py'
release long
check "the other runs to its end" ran $SPOOLS/in/long.py long
check "a group that the service does not see: reload" silent eval \
	'LEVEL="control: { admins = \"analysts\"; };"; write_conf; systemctl reload $UNIT'
check "a warning that nobody is in it for the daemon" wait_for \
	said 'event=no-admins group=analysts: it is hidden by .*PrivateUsers=yes' 4
check "and its members are hidden as before" cli_says alice,analysts 123 "$HIDDEN" list
LEVEL=''
write_conf
check "as it was: reload" silent systemctl reload $UNIT

GROUP=journal
check "the start, as information" said '^event=started version=' 6
check "each message without the prefix that carried its urgency" fails said '^<[0-9]>'
check "nothing is an error so far, but the configuration's" is \
	"$(journalctl -u $UNIT -t sparkspoold -p err -o cat | grep -vc '^/etc/sparkspool.conf')" 0

# fields FIELD=VALUE...: what the journal has of such lines, as an object a line.
fields() { journalctl --sync; journalctl -u $UNIT -o json --no-pager "$@"; }
# events FIELD=VALUE...: in their order
events() { fields "$@" | sed -n 's/.*"SPARKSPOOL_EVENT" *: *"\([a-z-]*\)".*/\1/p'; }
JOB=$(fields SPARKSPOOL_FILE=first.py | sed -n 's/.*"SPARKSPOOL_JOB" *: *"\([0-9]*\)".*/\1/p' | head -n 1)
check "a file's name gives the number of its job: $JOB" is_like "$JOB" '^[0-9]+$'
check "and that the whole life of the job" is \
	"$(events SPARKSPOOL_JOB="$JOB" | tr '\n' ' ')" 'queued running done '
check "as plain text, too: each of these lines has its number" is \
	"$(times_said "job=$JOB( |\$)")" "$(fields SPARKSPOOL_JOB="$JOB" | wc -l)"
check "with the status" is_like "$(fields SPARKSPOOL_JOB="$JOB" SPARKSPOOL_EVENT=done)" \
	'"SPARKSPOOL_STATUS" *: *"ok"'
check "and by the journal's own protocol, from the start on" is \
	"$(fields -t sparkspoold | sed '1,/"event=started/d' | grep -vc '"_TRANSPORT" *: *"journal"')" 0
check "with the start" is "$(events SPARKSPOOL_EVENT=started _TRANSPORT=journal)" started
ODD=$'odd "name" job=7\nPRIORITY=0.py'
echo "print('odd')" | put "$SPOOLS/in/$ODD"
check "a name cannot forge a field: it runs" ran "$SPOOLS/in/$ODD" odd
check "and none is forged" is "$(fields SPARKSPOOL_FILE="$ODD" PRIORITY=0 | wc -l)" 0
check "the name is whole" is "$(events SPARKSPOOL_FILE="$ODD" SPARKSPOOL_EVENT=done)" 'done'

told_again() { is "$(events SPARKSPOOL_FILE=again.py | tr '\n' ' ')" 'queued done '; }
check "a restart of the journal" systemctl restart systemd-journald
check "files run as before" runs again.py
check "and are heard of with their fields" wait_for told_again

# It hangs: the daemon does not, and nothing of what it says is lost.
JOURNALD=$(systemctl show -P MainPID systemd-journald)
MANY_FILES=$(seq -f 'deaf%03g.py' 60)
all_told() { is "$(fields SPARKSPOOL_EVENT=done | grep -c '"SPARKSPOOL_FILE" *: *"deaf')" 60; }
kill -STOP "$JOURNALD"
for name in $MANY_FILES; do echo "print('$name')" | put $SPOOLS/in/$name; done
check "files run while the journal hangs" ran $SPOOLS/in/deaf060.py deaf060.py
for name in $MANY_FILES; do wait_for test -e $SPOOLS/in/$name.json; done
kill -CONT "$JOURNALD"
check "all that was said meanwhile comes, with its fields" wait_for all_told
check "nothing had to be given up" fails said 'event=log-lost'

# ---- the level of the log -----------------------------------------------------------------------

GROUP=level
# with_level LEVEL: in force by a reload
with_level() { LEVEL="log_level = \"$1\";"; write_conf; systemctl reload $UNIT; }
moves() { times_said '^job=[0-9]+ from=[a-z]+ to='; }
check "no moves in the log as it is shipped" is "$(moves)" 0
check "debug: reload" silent with_level debug
check "debug: the log says so" wait_for said '^event=log-level level=debug' 6
check "debug: a file runs" runs debug.py
check "debug: and its moves are there, with their job" test \
	"$(fields PRIORITY=7 | grep -c '"SPARKSPOOL_JOB" *:')" -gt 0
check "error: reload" silent with_level error
check "error: the last that is heard" wait_for said '^event=log-level level=error' 6
MOVES=$(moves)
check "error: a file runs" runs error.py
check "error: in silence" fails said 'error\.py'
check "error: no moves any more" is "$(moves)" "$MOVES"
check "a word that is none: reload fails" fails with_level loud
check "a word that is none: file and line" said "^$CONF:[0-9]+: .*log_level.*loud"
check "error: a restart" silent eval 'with_level error; systemctl restart $UNIT'
check "error: the start says nothing" is "$(times_said '^event=started')" 1
printf '[Service]\nExecStart=\nExecStart=%s\n' "/usr/sbin/sparkspoold -d -f $CONF" | dropin
check "the option -d: restart" silent systemctl restart $UNIT
check "the option -d stands above it" wait_for test "$(moves)" -ge "$MOVES"
check "also after a reload" silent with_level warn
check "a file runs" runs option.py
check "and is heard of" said 'file="option\.py"' 6
no_dropin
LEVEL=''
write_conf
check "as it is shipped: restart" silent systemctl restart $UNIT
MAIN=$(prop MainPID)

# ---- reload -------------------------------------------------------------------------------------

GROUP=reload
RELOADS=$(times_said '^event=reloaded')
write_conf "$(spool_conf later $SPOOLS/later)"
check "with a good file: systemctl reload" silent systemctl reload $UNIT
check "with a good file: the journal says so" wait_for said_more_than '^event=reloaded' "$RELOADS"
check "the new spool works" runs added.py $SPOOLS/later
check "the old one, too" runs old.py
check "it is the same process" same_process "$MAIN"
check "systemctl status has figures again" wait_for prop_like StatusText '^[0-9]+ queued'

RELOADS=$(times_said '^event=reloaded')
sed 's/path =/paht =/' $CONF >$CONF.new && mv $CONF.new $CONF
check "with a bad file: systemctl reload fails" fails systemctl reload $UNIT
check "with a bad file: the journal has file and line" wait_for said "^$CONF:4: .*paht.*path"
check "with a bad file: nothing was reloaded" is "$(times_said '^event=reloaded')" "$RELOADS"
check "with a bad file: it is the same process" same_process "$MAIN"
check "with a bad file: the spools go on" runs bad.py $SPOOLS/later

# Past the unit's own check, as when the file is changed right after it.
kill -HUP "$MAIN"
check "SIGHUP with a bad file: the errors are errors" wait_for said "^$CONF:4: .*paht.*path" 3
check "SIGHUP with a bad file: and what follows from them" wait_for said '^event=not-reloaded' 3
check "SIGHUP with a bad file: it is the same process" same_process "$MAIN"
check "SIGHUP with a bad file: the spools go on" runs worse.py $SPOOLS/later
check "SIGHUP with a bad file: active, not still reloading" wait_for settled
write_conf
check "and then a good one" silent systemctl reload $UNIT
check "puts itself in force" wait_for said_more_than '^event=reloaded' "$RELOADS"

# ---- credentials --------------------------------------------------------------------------------

locked_requests() { grep -c "^[A-Z]* /locked/[^ ]* $1" $BOX/requests; }
GROUP=credentials
cp $BOX/password /etc/sparkspool.password
chmod 600 /etc/sparkspool.password
echo 'LoadCredential=livy:/etc/sparkspool.password' | sed '1i[Service]' | dropin
ENDPOINT="url = \"$URL/locked\"; auth = \"basic\"; user = \"etl\"; password_file = \"cred:livy\";"
write_conf
check "a restart with LoadCredential= and cred:" silent systemctl restart $UNIT
check "a file runs" runs cred.py
check "the server was asked with the password" test "$(locked_requests '20[01] authorized')" -gt 0
check "and never without" is "$(locked_requests 401)" 0
RELOADS=$(times_said '^event=reloaded')
# What systemd starts for a reload sees no credentials in a sandbox (its issue 35227).
check "systemctl reload" silent systemctl reload $UNIT
kill -HUP "$(prop MainPID)"
check "SIGHUP: the daemon finds the credential again" \
	wait_for said_more_than '^event=reloaded' "$RELOADS"
check "a file runs afterwards" runs cred2.py
echo secret-two >$BOX/password
echo "print('three')" | put $SPOOLS/in/cred3.py
check "a password that is not right any more: an error that says where to look" \
	wait_for said '^endpoint=e event=down .*401.*password_file' 3
check "systemctl status says so" wait_for prop_like StatusText 'a server is down'
check "the file waits" absent $SPOOLS/in/cred3.py.json
cp $BOX/password /etc/sparkspool.password
check "a restart with the new one" silent systemctl restart $UNIT
check "the file that waited runs" ran $SPOOLS/in/cred3.py three
check "no password is in the journal" fails sh -c 'journalctl -o json | grep -a secret-'
no_dropin
write_conf
check "without the drop-in: 78, and a word about LoadCredential=" fails systemctl restart $UNIT
check "the journal says it" said 'LoadCredential=livy:FILE'
ENDPOINT="url = \"$URL\";"
write_conf
check "back to the server without a password" silent systemctl start $UNIT

# ---- death --------------------------------------------------------------------------------------

GROUP=killed
check "in order before" runs before.py
MAIN=$(prop MainPID)
put_waiting $SPOOLS/in/killed.py killed
check "a statement runs" wait_for was_sent 'box/killed'
for name in queued1 queued2; do echo "print('$name')" | put $SPOOLS/in/$name.py; done
check "others are queued" wait_for said 'event=queued .*queued2.py'
check "SIGKILL" kill -KILL "$MAIN"
check "it is started again" wait_for restarted_after "$MAIN"
release killed
check "what ran has its result" ran $SPOOLS/in/killed.py killed
check "what ran was sent once" sent_once 'box/killed'
for name in queued1 queued2; do
	check "$name has its result, too" ran $SPOOLS/in/$name.py $name
	check "$name was sent once" sent_once $name
done

# ---- stop ---------------------------------------------------------------------------------------

# in_order: not by force, and not because of its time limit.
in_order() { prop_is ActiveState inactive && prop_is Result success && prop_is ExecMainStatus 0; }
GROUP=stop
put_waiting $SPOOLS/in/stop.py stop
check "a statement runs" wait_for was_sent 'box/stop'
check "systemctl status shows it" wait_for prop_like StatusText ' 1 running'
check "systemctl stop" silent systemctl stop $UNIT
check "the end is in order" in_order
check "there is no result yet" absent $SPOOLS/in/stop.py.json
check "run_dir is gone" absent /run/sparkspool
check "state_dir is not" test -s /var/lib/sparkspool/ledger.db
release stop
check "systemctl start" silent systemctl start $UNIT
check "the result is fetched" ran $SPOOLS/in/stop.py stop
check "it was sent once" sent_once 'box/stop'

# The server takes what it is sent, but does not answer in time.
GROUP=drain
server_hold
echo "print('drain')" | put $SPOOLS/in/drain.py
check "a statement is on its way" wait_for was_sent '"print(.drain'
check "systemctl stop" silent systemctl stop $UNIT
check "the end is in order: its own patience ends before the unit's" in_order
check "there is no result yet" absent $SPOOLS/in/drain.py.json
server_go_on
check "systemctl start" silent systemctl start $UNIT
check "the result is fetched" ran $SPOOLS/in/drain.py drain
check "it was sent once" sent_once '"print(.drain'

# ---- watchdog -----------------------------------------------------------------------------------

WATCHDOG_US=2000000
# fed: told of its life at a time when it would have been dead three times over
fed() {
	local start
	start=$(prop ExecMainStartTimestampMonotonic)
	[ "$(prop WatchdogTimestampMonotonic)" -gt $((start + 3 * WATCHDOG_US)) ]
}
GROUP=watchdog
printf '[Service]\nWatchdogSec=2s\n' | dropin
check "a restart with a short WatchdogSec=" silent systemctl restart $UNIT
MAIN=$(prop MainPID)
check "it is in force" prop_is WatchdogUSec 2s
check "it is served" wait_for fed
check "by the same process" same_process "$MAIN"
check "a process that hangs" kill -STOP "$MAIN"
check "is replaced" wait_for restarted_after "$MAIN"
check "systemd says why" wait_for manager_said 'Watchdog timeout'
check "and files run" runs watchdog.py
no_dropin

# ---- what is temporary --------------------------------------------------------------------------

# Another daemon holds the ledger: that may be over in a moment, so it is tried again.
GROUP=held
systemctl stop $UNIT
exec 9</var/lib/sparkspool/lock
check "another holds the ledger" flock -n 9
check "systemctl start fails" fails systemctl start $UNIT
check "an error says why" said 'event=not-started .*another sparkspoold.* uses state_dir' 3
check "it is tried again" wait_for prop_like NRestarts '^[1-9]'
check "with 75" wait_for prop_is ExecMainStatus 75
exec 9<&-
check "until it can" wait_for settled
check "and files run" runs held.py

# ---- what the sandbox keeps out -----------------------------------------------------------------

GROUP=sandbox
install -d -o sparkspool -g sparkspool -m 2770 /srv/spark
check "it says how far the daemon confines itself" said 'event=sandbox landlock=' 0..6
write_conf "$(spool_conf far /srv/spark)"
check "a spool that the unit does not name: reload" silent systemctl reload $UNIT
if said 'event=sandbox landlock=[1-9]' 6 >/dev/null; then
	check "outside of Landlock's rules it needs a restart" wait_for \
		said "spool 'far', /srv/spark, lies outside .*that needs a restart" 3
	check "what was in force stays so" runs stays.py
	check "a restart" silent systemctl restart $UNIT
else
	skip "outside of Landlock's rules it needs a restart" "the box has no Landlock"
fi
check "an error says so, and what to add" wait_for \
	said 'spool=far .*Read-only file system.*ReadWritePaths=/srv/spark' 3
echo "print('far')" | put /srv/spark/far.py
check "and where a result cannot be written" wait_for \
	said 'event=writing-failed error="Read-only file system" file="far.py"' 3
check "the other spools go on" runs near.py
printf '[Service]\nReadWritePaths=/srv/spark\n' | dropin
check "with a ReadWritePaths= of its own: restart" silent systemctl restart $UNIT
check "the file that waited has its result" ran /srv/spark/far.py far
check "it was sent once" sent_once '"print(.far'
install -d -o sparkspool -g sparkspool -m 700 /home/spool-of-suite
write_conf "$(spool_conf home /home/spool-of-suite)"
printf '[Service]\nProtectHome=tmpfs\nBindPaths=/home/spool-of-suite\n' | dropin
check "a spool in a home directory, with BindPaths=: restart" silent systemctl restart $UNIT
check "and a file runs there" runs home.py /home/spool-of-suite
no_dropin

# 444 is landlock_create_ruleset; a kernel without it says ENOSYS or EOPNOTSUPP, a filter EPERM.
GROUP=landlock
probe() { printf '[Service]\nExecStartPre=/usr/bin/perl %s/landlock\n%s\n' $BOX "$1" | dropin; }
echo 'exit(syscall(444, 0, 0, 1) < 0 && $! == 1);' >$BOX/landlock
write_conf
probe ''
check "the filter lets the daemon restrict itself" silent systemctl restart $UNIT
probe 'SystemCallFilter=~landlock_create_ruleset'
check "and the probe would tell" fails systemctl restart $UNIT
no_dropin
systemctl stop $UNIT

# ---- spools of many owners ----------------------------------------------------------------------

GROUP=owners
MANY=$SPOOLS/many
install -d -m 1777 $MANY
# Each has a session of his own, which runs as himself.
many_conf() { write_conf "$(spool_conf many $MANY each "after = \"$1\";")"; }
SESSIONS=$(grep -c '^POST /sessions 201' $BOX/requests)
many_conf keep
many_owners
check "systemd-analyze verify has nothing to say" silent systemd-analyze verify --man=no $UNIT
check "systemctl start" silent systemctl start $UNIT
check "it runs as its user" is "$(stat -c %U "/proc/$(prop MainPID)")" sparkspool
check "three capabilities and no others" process_has CapEff 000000000000000b
check "nor can a child have others" process_has CapBnd 000000000000000b
check "its system calls are filtered" process_has Seccomp 2
check "exposure $(exposure), at most 1.8" exposure_at_most 1.8
for who in alice bob; do
	echo "print('$who')" | put_as $who $MANY/$who.py
	check "$who's file, which nobody else may read, has its result" ran $MANY/$who.py $who
	check "the result is $who's alone" is \
		"$(stat -c '%U:%G %a' $MANY/$who.py.out $MANY/$who.py.json | uniq)" "$who:$who 600"
	check "$who can read it" is "$(as $who cat $MANY/$who.py.out)" $who
done
check "bob cannot read alice's" fails as bob cat $MANY/alice.py.out
check "nor take it away" fails as bob rm -f $MANY/alice.py.out
check "each has a session" is "$(grep -c '^POST /sessions 201' $BOX/requests)" "$((SESSIONS + 2))"
GROUP=control-owners
for who in alice bob; do
	put_waiting $MANY/wait_$who.py $who $who
	check "a statement of $who's runs" wait_for was_sent "box/$who"
done
check "alice sees her file" cli_says alice 0 'wait_alice\.py' list
check "and no other" fails cli_says alice 0 'wait_bob\.py' list
check "bob cannot ask after hers" cli_says bob 123 'it belongs to another user' show $MANY/wait_alice.py
check "nor cancel it" cli_says bob 123 'it belongs to another user' cancel $MANY/wait_alice.py
check "he sees his own" cli_says bob 0 'wait_bob\.py' list
check "nor pause the spool" cli_says bob 123 'administrators' pause --spool many
for who in root sparkspool bob,sparkspool; do
	check "$who sees both" is "$(cli_as $who list | grep -c 'wait_\(alice\|bob\)\.py')" 2
done
for who in alice bob; do
	release $who
	check "$who's file runs to its end" ran $MANY/wait_$who.py $who
done
GROUP=owners
echo "print('alice again')" | put_as alice $MANY/alice.py
check "a changed file runs again" wait_for out_is $MANY/alice.py "alice again"
check "its results are still alice's" is "$(stat -c '%U %a' $MANY/alice.py.out)" 'alice 600'
many_conf move:done
check "reload: files are moved away" silent systemctl reload $UNIT
echo "print('moved')" | put_as alice $MANY/moved.py
check "the result is there" ran $MANY/moved.py moved
check "and the file is elsewhere" wait_for test -e $MANY/done/moved.py
check "where its owner can reach it" is "$(as alice cat $MANY/done/moved.py)" "print('moved')"

# Each capability that the profile names: without it, something above does not come about.
without() {
	printf '[Service]\nCapabilityBoundingSet=~%s\nAmbientCapabilities=~%s\n' "$1" "$1" | dropin
	systemctl restart $UNIT
}
lacks() { without "$1"; echo "print('$1')" | put_as bob "$MANY/$1.py"; }
lacks CAP_DAC_OVERRIDE
check "without CAP_DAC_OVERRIDE it cannot read the file" wait_for \
	said 'event=not-read file="CAP_DAC_OVERRIDE.py" error="Permission denied"'
lacks CAP_CHOWN
check "without CAP_CHOWN there is a result" ran $MANY/CAP_CHOWN.py CAP_CHOWN
check "but its owner cannot read it" fails as bob cat $MANY/CAP_CHOWN.py.out
lacks CAP_FOWNER
check "without CAP_FOWNER what was given away cannot get its name" wait_for \
	said 'event=publishing-failed error="Operation not permitted" file="CAP_FOWNER.py.out"' 3
no_dropin
many_owners
check "with all of them: restart" silent systemctl restart $UNIT
check "the file that was not read has its result" ran $MANY/CAP_DAC_OVERRIDE.py CAP_DAC_OVERRIDE
check "the result that had no name has it" ran $MANY/CAP_FOWNER.py CAP_FOWNER
check "and the file is moved" wait_for test -e $MANY/done/CAP_FOWNER.py
no_dropin

# ---- the end ------------------------------------------------------------------------------------

GROUP=end
systemctl stop $UNIT
check "a stop of an idle daemon is in order" in_order
check "no daemon met an assertion or a sanitizer" \
	fails said 'Assertion .* failed|AddressSanitizer|LeakSanitizer|runtime error'
# The daemon's own statements print a random number each; every file has a text of its own.
twice() { sed -n 's/^POST [^ ]*\/statements 201 [^ ]* //p' $BOX/requests | sort | uniq -d; }
check "nothing was sent twice" is "$(twice)" ''
kill "$SERVER_PID"
wait
: >/result/end
