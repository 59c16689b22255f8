# The storm (see the head of `storm`) with 20 files: a sample. `make check-storm` is all of it.

storm_sample() {
	local verdict rest
	while read -r verdict rest; do
		case $verdict in
		ok) ok "${rest#storm of }" ;;
		not) not_ok "${rest#ok storm of }" "its world is in $D" ;;
		\#) [[ $rest = 'what was left'* ]] || printf '# %s\n' "$rest" ;;
		[0-9]*) SAID=1 ;;
		esac
	done
}

if needs_own_server "the storm"; then
	SAID=
	house sample
	SERVERS+=("$D/daemon/livy" "$D/all/livy") # of a storm that was interrupted
	# A seed with files and kills of every kind; the limit is one that only a broken daemon meets.
	beside env builddir="${DAEMON%/*}" "$LIVE/storm" --seed 6 --files 20 --limit 900 --in "$D"
	wait "$PID"
	storm_sample <"$D/beside.log"
	check "the storm has come to its end" is "$SAID" 1
fi
