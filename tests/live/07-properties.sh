# What a pool says of its sessions reaches the server, as the API names it, and takes effect.

# make_library DIR: what sessions are given
make_library() {
	mkdir -p "$1"
	echo 'ANSWER = 42' >"$1/livehelper.py"
	echo 'eur,1.1' >"$1/rates.csv"
	python3 - "$1" <<-'END'
	import sys, zipfile
	for name, inside in ("inner.zip", "inner.txt"), ("live.jar", "live/inside.txt"):
	    with zipfile.ZipFile("%s/%s" % (sys.argv[1], name), "w") as z:
	        z.writestr(inside, "inner\n")
	END
}

properties_group() {
	local lib=$TMP/library url=$URL
	make_library "$lib"
	server_start "$TMP/properties" --conf "livy.file.local-dir-whitelist = $lib/" >/dev/null ||
		{ not_ok "a server that allows files" "it did not start"; return; }
	URL=$(server url "$TMP/properties")
	house properties
	proxy_start p
	cat >"$D/pool" <<-END
	warm: { pyspark = 0; }; max = 1; on_stop = "delete";
	session: {
		driverMemory = "600m"; driverCores = 1; executorMemory = "700m"; executorCores = 1; numExecutors = 2;
		proxyUser = "etl"; queue = "batch"; heartbeatTimeoutInSecond = 600;
		jars = [ "file://$lib/live.jar" ]; pyFiles = [ "file://$lib/livehelper.py" ];
		files = [ "file://$lib/rates.csv" ]; archives = [ "file://$lib/inner.zip" ];
		conf = ( ("spark.sql.shuffle.partitions", "7"), ("spark.sparkspool.live", "it's \"quoted\", Grüße") );
	};
	END
	write_conf "$(cat "$D/pool")" "$QUICK" "url = \"$PROXY_URL\";"
	daemon_start
	drop properties.py
	check "a session with every property: a file runs in it" ran properties.py ok
	check "a session with every property: and sees them" same_bytes "$D/s/properties.py.out" "$LIVE/expect/properties.py.out"
	jq -S 'select(.method == "POST" and .path == "/sessions") | .body' "$D/p.requests" >"$D/body"
	jq -S . >"$D/body.expected" <<-END
	{ "kind": "pyspark", "name": "$(field properties.py .session)", "proxyUser": "etl",
	  "driverMemory": "600m", "driverCores": 1, "executorMemory": "700m", "executorCores": 1, "numExecutors": 2,
	  "queue": "batch", "heartbeatTimeoutInSecond": 600, "jars": ["file://$lib/live.jar"],
	  "pyFiles": ["file://$lib/livehelper.py"], "files": ["file://$lib/rates.csv"], "archives": ["file://$lib/inner.zip"],
	  "conf": { "spark.sql.shuffle.partitions": "7", "spark.sparkspool.live": "it's \"quoted\", Grüße" } }
	END
	check "POST /sessions has every property, and nothing else" same_bytes "$D/body" "$D/body.expected"
	daemon_stop
	end_beside "$PROXY_PID"
	server stop "$TMP/properties"
	URL=$url
}
needs_own_server "jars, pyFiles, files, archives" && properties_group

# Livy's own settings go the same way: more rows than its default.
house rows
write_conf 'warm: { sql = 0; }; max = 1; on_stop = "delete"; session: { conf = ( ("livy.rsc.sql.num-rows", "5000") ); };'
daemon_start
drop rows1500.sql
check "livy.rsc.sql.num-rows: all rows come" ran rows1500.sql ok ""
check "livy.rsc.sql.num-rows: 1500 and the names" is "$(wc -l <"$D/s/rows1500.sql.csv")" 1501
check "livy.rsc.sql.num-rows: no warning" has_field rows1500.sql '.warnings | length' 0
daemon_stop

# Sessions that the server refuses, or that die at once: a word about it, and files wait.
house refused
write_conf 'warm: { pyspark = 0; }; max = 1; on_stop = "delete"; session: { jars = [ "file:///etc/hosts" ]; };'
daemon_start
drop print.py
check "a jar that the server does not allow: one line with its words" wait_log 'error pool=p kind=pyspark event=no-session .*HTTP 400.*/etc/hosts'
check "a jar that the server does not allow: the file stays queued" no_result print.py
write_conf 'warm: { pyspark = 0; }; max = 1; on_stop = "delete"; session: { driverMemory = "100m"; };'
daemon_reload
check "too little memory: one line with the driver's words" wait_log 'error pool=p kind=pyspark event=no-session .*[Mm]emory'
check "too little memory: the file stays queued" no_result print.py
write_conf
daemon_reload
check "put right: the file runs" ran print.py ok $'hello\ntwo-2'
daemon_stop

# Whose files share a session.
owners_group() {
	house owners
	chmod 1777 "$D/s"
	chmod 755 "$TMP" "$D"
	proxy_start p
	write_conf 'warm: { pyspark = 0; }; max = 2; on_stop = "delete";' "$QUICK" "url = \"$PROXY_URL\";"
	daemon_start
	for name in mine.py theirs.py mine2.py; do
		echo "print('whose')" >"$D/s/.$name"
		[ $name != theirs.py ] || chown nobody "$D/s/.$name"
		mv "$D/s/.$name" "$D/s/$name"
		ran $name ok whose >/dev/null
	done
	check "another owner's file has a session of its own" is "$([ "$(field mine.py .session)" != "$(field theirs.py .session)" ]; echo $?)" 0
	check "the first owner's next file is in the first one's" has_field mine2.py .session "$(field mine.py .session)"
	check "results belong to the input's owner" is "$(stat -c %U "$D/s/theirs.py.out" "$D/s/theirs.py.json" | sort -u)" nobody
	write_conf 'warm: { pyspark = 0; }; max = 2; on_stop = "delete"; session: { proxyUser = "%owner"; };' "$QUICK" "url = \"$PROXY_URL\";"
	daemon_reload
	: >"$D/p.requests"
	for name in theirs2.py open.py; do
		echo "print('whose')" >"$D/s/.$name"
		chown nobody "$D/s/.$name"
		[ $name != open.py ] || chmod 666 "$D/s/.$name"
		mv "$D/s/.$name" "$D/s/$name"
	done
	check "proxyUser = %owner: a file runs" ran theirs2.py ok whose
	check "proxyUser = %owner: as its owner" is "$(jq -r 'select(.method == "POST" and .path == "/sessions") | .body.proxyUser' "$D/p.requests" | sort -u)" nobody
	check "proxyUser = %owner: what others may write is refused" wait_log 'status=rejected spool=s file="open.py"'
	daemon_stop
	end_beside "$PROXY_PID"
}
if [ "$(id -u)" = 0 ]; then owners_group; else skip "files of two owners" "needs root, to give a file away"; fi
