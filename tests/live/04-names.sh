# What is picked up, what is refused and how it is said, and what becomes of a file that changes.

no_json() { absent "$D/s/$1.json"; }
rejected_aloud() { ran "$1" rejected "" && is "$(field "$1" .error.message)" "$2" && is "$(cat "$D/s/$1.err")" "Rejected: $2"; }
# rejected_silently NAME WORDS: a line in the log, and nothing beside the file
rejected_silently() {
	wait_log "event=done status=rejected spool=s file=\"$1\" .*$2" && no_json "$1" && absent "$D/s/$1.out" && absent "$D/s/$1.err"
}
never_seen() { has_not "$D/log" "file=\"$1\""; }
times_queued() { is "$(count_in_log "event=queued spool=s file=\"$1\"")" "$2"; }

house names
write_conf 'warm: { pyspark = 1; }; max = 1; on_stop = "delete";' "settle = \"200ms\"; scan = \"1s\"; file_max = \"100k\"; $RAW"
# Some lie there before the start, some come while it runs: both ways lead through the same checks.
: >"$D/s/empty.py"
printf 'print("\xff\xfe")\n' >"$D/s/latin.py"
head -c 102401 /dev/zero | tr '\0' '#' >"$D/s/large.py"
mkfifo "$D/s/fifo.py"
mkdir "$D/s/directory.py"
echo "print('secret')" >"$D/outside"
ln -s "$D/outside" "$D/s/link.py"
for n in out err csv json 1.png; do echo "a stranger's" >"$D/s/taken-$n.py.$n"; done
watch_start "$D/s"
daemon_start
echo "print('hard')" >"$D/s/hard.py"
ln "$D/s/hard.py" "$D/hard"
printf 'print(1)\0' >"$D/s/nul.py"
head -c 102400 /dev/zero | tr '\0' '#' >"$D/s/fits.py"
for name in notes.txt script.sh Makefile upper.PY .hidden.py job.py.tmp job.py.part job.py~ '#job.py#' job.py.swp; do
	echo "print('never')" >"$D/s/$name"
done
for n in out err csv json 1.png; do echo 'print("never")' >"$D/s/taken-$n.py"; done

check "an empty file" rejected_aloud empty.py 'the file is empty'
check "a file that is not UTF-8" rejected_aloud latin.py 'the file is not UTF-8 text'
check "a file with a NUL" rejected_aloud nul.py 'the file contains a NUL byte'
check "a file that is too large" rejected_aloud large.py 'the file is larger than file_max of its spool (102400 bytes)'
check "a file of exactly file_max" ran fits.py ok ""
check "a FIFO" rejected_silently fifo.py 'not a regular file'
check "a directory" rejected_silently directory.py 'directory'
check "a symbolic link" rejected_silently link.py 'symbolic link'
check "a hard link" rejected_silently hard.py 'hard link'
for n in out err csv json 1.png; do
	check "a stranger's .$n: the log says which" wait_log "event=done status=rejected spool=s file=\"taken-$n.py\" .*taken-$n.py.$n"
	check "a stranger's .$n: it stays as it is" is "$(cat "$D/s/taken-$n.py.$n")" "a stranger's"
	check "a stranger's .$n: nothing else appears" is "$(ls "$D/s" | grep -ac "^taken-$n\.py\.")" 1
done
rm "$D/s/taken-out.py.out"
touch "$D/s/taken-out.py"
check "the stranger moved away and the file touched: it runs" ran taken-out.py ok never

# Names of all sorts.
SPACES='two  words and '\''a quote"'\''.py' NEWLINE=$'line\nbreak.py' UNICODE='Ünï–世界🚀.py' DASH='-n.py' PERCENT='100% $HOME `x` \ %s.py'
LONGEST=$(printf 'x%.0s' $(seq 244)).py TOO_LONG=$(printf 'x%.0s' $(seq 252)).py
for name in "$SPACES" "$NEWLINE" "$UNICODE" "$DASH" "$PERCENT" "$LONGEST" "$TOO_LONG"; do
	echo "print('name')" >"$D/s/$name"
done
check "a name with spaces and quotes" ran "$SPACES" ok name
check "a name with a newline" ran "$NEWLINE" ok name
check "a name with a newline: one line of the log, not two" is "$(grep -ac '^break' "$D/log")" 0
check "a name with letters of the world" ran "$UNICODE" ok name
check "and the record has it" is "$(field "$UNICODE" .input.path)" "$D/s/$UNICODE"
check "a name that looks like an option" ran "$DASH" ok name
check "a name with what a shell would expand" ran "$PERCENT" ok name
check "the longest name that its results leave room for (247 bytes)" ran "$LONGEST" ok name
check "a name of 255 bytes" wait_log "event=done status=rejected .*too long"
check "a name of 255 bytes: nothing appears" is "$(ls "$D/s" | grep -ac '^x\{252\}')" 1
LATIN=$'caf\xe9.py'
echo "print('name')" >"$D/s/$LATIN"
check "a name that is not UTF-8" ran "$LATIN" ok name
check "and the record has its bytes" is "$(field "$LATIN" .input.path_bytes)" "$(printf %s "$D/s/$LATIN" | od -An -v -tx1 | tr -d ' \n')"

for name in notes.txt script.sh Makefile upper.PY .hidden.py job.py.tmp job.py.part job.py~ '#job.py#' job.py.swp; do
	check "$name is left alone" never_seen "$name"
done
watch_stop "$D/s"
check "results appear whole, by rename, the record last" watch_judge

# Replaced while it runs.
cat >"$D/s/replaced.py" <"$LIVE/files/slow.py"
wait_running replaced.py
sed 's/slow, but once/the new one/' "$LIVE/files/slow.py" | put replaced.py
check "replaced while it runs: the old one's result comes first, superseded" wait_for has_field replaced.py .superseded true
OLD=$(field replaced.py .id)
check "replaced while it runs: then the new one runs" wait_new_result replaced.py "${OLD:-0}"
check "replaced while it runs: the new output" out_is replaced.py 'the new one'
check "replaced while it runs: not superseded" has_field replaced.py .superseded false
check "replaced while it runs: the sum is the new one's" has_field replaced.py .input.sha256 "$(sha256sum <"$D/s/replaced.py" | cut -d' ' -f1)"

# Written again after its end, with results of another form.
echo "1/0" >"$D/s/again.py"
check "a first run" ran again.py error ""
OLD=$(field again.py .id)
watch_start "$D/s"
echo "print('second')" >"$D/s/again.py"
check "rewritten: it runs again" wait_new_result again.py "$OLD"
check "rewritten: its output" out_is again.py second
check "rewritten: the .err of the first run is gone" absent "$D/s/again.py.err"
watch_stop "$D/s"
again_events() { grep -aE '^(DELETE|MOVED_TO) again\.py\.' "$D/events"; }
check "rewritten: the old record goes first" is "$(again_events | head -n 1)" 'DELETE again.py.json'
check "rewritten: then the old results, then the new ones, the record last" is \
	"$(again_events | cut -d' ' -f1 | uniq | tr '\n' ' ')$(again_events | tail -n 1)" 'DELETE MOVED_TO MOVED_TO again.py.json'
OLD=$(field again.py .id)
chmod 640 "$D/s/again.py"
touch -r "$D/s/again.py" "$D/s/again.py"
echo "print('second')" | put .copy && touch -r "$D/s/again.py" "$D/s/.copy" && mv "$D/s/.copy" "$D/s/again.py"
for name in after1.py after2.py; do # a scan later
	echo "print('after')" | put $name
	ran $name ok after >/dev/null
done
check "chmod, the same time, the same bytes in a new inode: it does not run again" has_field again.py .id "$OLD"
check "it was queued twice in all" times_queued again.py 2
touch "$D/s/again.py"
check "touched: it runs again" wait_new_result again.py "$OLD"

# Deleted while queued; dropped again after it was deleted.
drop slow.py block.py
wait_running block.py
echo "print('never')" | put doomed.py
wait_log 'event=queued spool=s file="doomed.py"'
rm "$D/s/doomed.py"
check "deleted while queued: cancelled, in the log" wait_log 'event=done status=cancelled spool=s file="doomed.py"'
check "deleted while queued: no result" no_json doomed.py
check "the one before it" ran block.py ok "slow, but once"
echo "print('back')" | put doomed.py
check "the same name dropped again: it runs" ran doomed.py ok back

# Modes and owners of results.
(umask 077; echo "print('private')" >"$D/s/private.py")
check "a private file" ran private.py ok private
check "a private file: its results are private" is "$(stat -c %a "$D/s/private.py.out" "$D/s/private.py.json" | tr '\n' ' ')" '600 600 '
check "no temporary file is left" is "$(ls -A "$D/s" | grep -a '^\.sparkspool' | head -n 3)" ""
daemon_stop

# ---- the other ways of a spool, four of them on one session --------------------------------------

house ways
mkdir "$D/delete" "$D/move" "$D/rename" "$D/marker" "$D/skip" "$D/move/done"
cat >"$D/conf" <<-END
state_dir = "$D/state";
run_dir = "$D/run";
endpoint: { e: { url = "$URL"; }; };
pool: { p: { warm: { pyspark = 0; }; max = 1; on_stop = "delete"; }; };
spool: {
	delete: { path = "$D/delete"; pool = "p"; after = "delete"; $QUICK };
	move: { path = "$D/move"; pool = "p"; after = "move:done"; $QUICK };
	rename: { path = "$D/rename"; pool = "p"; ready = "rename"; scan = "1s"; $RAW };
	marker: { path = "$D/marker"; pool = "p"; ready = "marker"; scan = "1s"; $RAW };
	skip: { path = "$D/skip"; pool = "p"; existing = "skip"; $QUICK };
};
END
# in_spool NAME COMMAND...: with another directory in the place of s
in_spool() { ln -sfn "$D/$1" "$D/s" && shift && "$@"; }
rmdir "$D/s"
echo "print('was there')" >"$D/skip/was-there.py"
daemon_start

echo "print('one')" >"$D/move/a.py"
echo "print('one')" >"$D/delete/a.py"
check "after = delete: it runs" in_spool delete ran a.py ok one
check "after = delete: the input goes" wait_for absent "$D/delete/a.py"
check "after = delete: its results stay" present "$D/delete/a.py.json"
echo "1/0" >"$D/delete/b.py"
check "after = delete: one that fails" in_spool delete ran b.py error
check "after = delete: goes too" wait_for absent "$D/delete/b.py"
: >"$D/delete/c.py"
check "after = delete: one that is rejected" in_spool delete ran c.py rejected
OLD=$(jq .id "$D/delete/a.py.json")
echo "print('two')" >"$D/delete/a.py"
check "after = delete: the same name again" in_spool delete wait_new_result a.py "$OLD"
check "after = delete: the same name again: its output" is "$(cat "$D/delete/a.py.out")" two
check "after = delete: the same name again: goes" wait_for absent "$D/delete/a.py"
check "after = delete: a rejected one stays" present "$D/delete/c.py"

check "after = move: it runs" in_spool move ran a.py ok one
check "after = move: it is moved" wait_for present "$D/move/done/a.py"
check "after = move: and gone" wait_for absent "$D/move/a.py"
OLD=$(jq .id "$D/move/a.py.json")
echo "print('two')" >"$D/move/a.py"
check "after = move: the second of the same name" in_spool move wait_new_result a.py "$OLD"
check "after = move: becomes .1" wait_for present "$D/move/done/a.py.1"
check "after = move: the first stays the first" is "$(cat "$D/move/done/a.py" "$D/move/done/a.py.1")" $'print(\'one\')\nprint(\'two\')'

# A slow writer's file would be complete for any other way: here only its final name counts.
echo "print('renamed')" >"$D/rename/.a.py.new"
mv "$D/rename/.a.py.new" "$D/rename/a.py"
check "ready = rename" in_spool rename ran a.py ok renamed

echo "print('marked')" >"$D/marker/a.py"
echo "print('unmarked')" >"$D/marker/b.py"
: >"$D/marker/a.py.ready"
check "ready = marker: the marked one runs" in_spool marker ran a.py ok marked
check "ready = marker: its marker is taken away" wait_for absent "$D/marker/a.py.ready"
check "ready = marker: the other one waits" in_spool marker absent "$D/marker/b.py.json"
: >"$D/marker/b.py.ready"
check "ready = marker: until it has one" in_spool marker ran b.py ok unmarked

echo "print('new')" >"$D/skip/new.py"
check "existing = skip: a new file runs" in_spool skip ran new.py ok new
check "existing = skip: the one that was there did not" absent "$D/skip/was-there.py.json"
daemon_stop
daemon_start
echo "print('newer')" >"$D/skip/newer.py"
check "existing = skip: after a second start as well" in_spool skip ran newer.py ok newer
check "existing = skip: still not" absent "$D/skip/was-there.py.json"
echo "print('changed')" >"$D/skip/was-there.py"
check "existing = skip: changed, it runs" in_spool skip ran was-there.py ok changed
daemon_stop
