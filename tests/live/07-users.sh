# Sessions that run as others, on a server that really lets them: alice may run sessions as anybody, bob
# only as himself.

users_server() {
	USERS=$TMP/07-users
	server_start "$USERS" --auth ldap --conf 'livy.impersonation.enabled = true' --conf 'livy.superusers = alice' \
		>/dev/null || { not_ok "a server with impersonation" "it did not start"; return 1; }
	(umask 077 && echo secret >"$TMP/07-alice" && echo secret2 >"$TMP/07-bob")
}
endpoint_as() { echo "url = \"$PROXY_URL\"; auth = \"basic\"; user = \"$1\"; password_file = \"$TMP/07-$1\";"; }
proxy_to_users() { local URL; URL=$(server url "$USERS") && proxy_start p; }

posts_of_sessions() { asked p POST '^/sessions$'; }
posts_exceed() { [ "$(posts_of_sessions)" -gt "$1" ]; }
proxy_users() { jq -r 'select(.method == "POST" and .path == "/sessions") | .body.proxyUser' "$D/p.requests" | sort | tr '\n' ' '; }
in_other_session() { [ "$(field "$1" .session)" != "$(field "$2" .session)" ] || { echo "$1 and $2 ran in one session"; return 1; }; }

# 403 for whom the server knows very well otherwise: that is about one pool, not about the server.
refused_group() {
	house refused
	proxy_to_users
	cat >"$D/conf" <<-END2
	state_dir = "$D/state";
	run_dir = "$D/run";
	endpoint: { e: { $(endpoint_as bob) }; };
	pool: {
		alices: { warm: { pyspark = 0; }; session: { proxyUser = "alice"; }; };
		bobs: { warm: { pyspark = 0; }; on_stop = "delete"; session: { proxyUser = "bob"; }; };
	};
	spool: {
		a: { path = "$D/a"; pool = "alices"; $QUICK };
		b: { path = "$D/b"; pool = "bobs"; $QUICK };
	};
	END2
	mkdir -p "$D/a" "$D/b"
	daemon_start
	cp "$LIVE/files/print.py" "$D/a/no.py"
	check "a proxyUser that the server does not allow: the log has its words" wait_log "pool=alices .*HTTP 403: .*not allowed to impersonate"
	echo "print(spark.sparkContext.sparkUser())" >"$D/b/yes.py"
	check "a proxyUser that the server does not allow: files of other pools run" wait_for test -e "$D/b/yes.py.json"
	check "a proxyUser that it does allow: the file runs as that user" is "$(cat "$D/b/yes.py.out")" bob
	wait_for posts_exceed 2 # tried again
	check "a proxyUser that the server does not allow: the endpoint is not down for it" log_lines 'event=down' 0
	check "a proxyUser that the server does not allow: its own file stays queued" absent "$D/a/no.py.json"
	daemon_stop
	end_beside "$PROXY_PID"
}

put_of() { # NAME OWNER MODE
	echo 'print(spark.sparkContext.sparkUser())' >"$D/.$1"
	chown "$2" "$D/.$1"
	chmod "$3" "$D/.$1"
	mv "$D/.$1" "$D/s/$1"
}

owner_group() {
	house owner
	chmod 711 "$TMP"
	chmod 1777 "$D/s"
	proxy_to_users
	write_conf 'warm: { pyspark = 0; }; max = 2; on_stop = "delete"; session: { proxyUser = "%owner"; };' \
		"$QUICK" "$(endpoint_as alice)"
	daemon_start
	put_of one.py nobody 644
	put_of two.py daemon 600
	check "%owner: nobody's file runs as nobody" ran one.py ok nobody
	check "%owner: daemon's file runs as daemon" ran two.py ok daemon
	check "%owner: a session for each" is "$(proxy_users)" "daemon nobody "
	check "%owner: not the same" in_other_session one.py two.py
	check "%owner: results are the file's owner's" is "$(stat -c %U "$D"/s/one.py.* | sort -u)" nobody
	check "%owner: and no wider than the file" is "$(stat -c %a "$D"/s/two.py.* | sort -u)" 600
	put_of three.py nobody 664
	check "%owner: a file that its group may write is rejected" \
		wait_log 'event=done status=rejected .*file="three.py".*its group or others may write it'
	check "%owner: it has no result" no_result three.py
	put_of four.py nobody 644
	check "%owner: nobody's next file runs" ran four.py ok nobody
	check "%owner: in nobody's session" has_field four.py .session "$(field one.py .session)"
	chmod 777 "$D/s"
	put_of five.py daemon 644
	check "%owner: where the directory is not sticky a file is rejected" \
		wait_log 'event=done status=rejected .*file="five.py".*not root.s and sticky'
	check "%owner: and still there are two sessions" is "$(posts_of_sessions)" 2
	daemon_stop
	end_beside "$PROXY_PID"
}

if needs_own_server "sessions that run as others" && users_server; then
	refused_group
	if [ "$(id -u)" = 0 ]; then owner_group; else skip "proxyUser = %owner" "only root can make files of others"; fi
	server stop "$USERS"
fi
