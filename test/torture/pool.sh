# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/torture, which sources this, sends a crowd through pgbouncer: 500
# clients over 20 connections, each server lent to one transaction at a time.

bouncer=
crowd=500
stop_bouncer() {
	[ -n "$bouncer" ] || return 0
	kill "$bouncer" 2>/dev/null || true
	wait "$bouncer" 2>/dev/null || true
	bouncer=
}

start_bouncer() {
	local patience=100
	mkdir "$sockets/bouncer"
	echo '"pool" ""' >"$sockets/bouncer/users"
	cat >"$sockets/bouncer/ini" <<-INI
		[databases]
		torture = host=$sockets port=5432 dbname=torture
		[pgbouncer]
		listen_addr =
		listen_port = 6432
		unix_socket_dir = $sockets/bouncer
		auth_type = trust
		auth_file = $sockets/bouncer/users
		pool_mode = transaction
		default_pool_size = 20
		max_client_conn = $((2 * crowd))
		log_connections = 0
		log_disconnections = 0
	INI
	pgbouncer -q "$sockets/bouncer/ini" >"$work/bouncer.log" 2>&1 </dev/null &
	bouncer=$!
	until [ -S "$sockets/bouncer/.s.PGSQL.6432" ]; do
		[ $((patience--)) != 0 ] || die "pgbouncer does not start: $(cat "$work/bouncer.log")"
		sleep 0.1
	done
}

# Each with a row of their own, and tokens.
make_crowd() {
	as_superuser >"$work/setup.log" <<-'SQL'
		CREATE TABLE note (owner uuid NOT NULL);
		ALTER TABLE note ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON note TO users_member USING (owner = (SELECT users_current_user_id()));
		GRANT SELECT ON note TO users_member, pool, users_service;
		GRANT USAGE ON SCHEMA public TO users_member, users_service;
		GRANT users_service TO pool;
	SQL
	PGOPTIONS='-c users.argon2_memory=19MB -c users.max_registrations=100000' as_superuser -v password="$phrase" -v crowd="$crowd" >"$work/crowd" <<-'SQL'
		CREATE TEMPORARY TABLE crowd AS
		SELECT s.user_id, s.access_token, s.refresh_token
		  FROM generate_series(1, :crowd) AS i,
		       LATERAL users_register('crowd' || i || '@example.com', 'crowd' || i, :'password', 'Some', 'Body') AS s;
		INSERT INTO note SELECT user_id FROM crowd;
		SELECT concat_ws(' ', user_id, access_token, refresh_token) FROM crowd ORDER BY user_id;
	SQL
	[ "$(wc -l <"$work/crowd")" = "$crowd" ] || die "there are $(wc -l <"$work/crowd") of $crowd clients"
}

test_pool() {
	local count=$((200000 * minutes)) calls own nobody meant cancelled others wrong servers
	((count <= 2000000)) || count=2000000
	[ -z "$quick" ] || count=20000
	make_crowd
	start_bouncer
	PGHOST=$sockets/bouncer PGPORT=6432 PGUSER=pool PGDATABASE=torture PGOPTIONS='' \
		"$work/pool" "$count" <"$work/crowd" >"$work/pooled" &
	background+=($!)
	wait $!
	background=()
	servers=$(as_superuser -c "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pool'")
	stop_bouncer
	read -r calls own nobody meant cancelled others wrong <"$work/pooled"
	allow pool "calls of $crowd clients through pgbouncer" "$calls" '' '>=' "$count"
	allow pool 'connections to the server' "$servers" '' '<=' 20
	allow pool 'answers that were one'"'"'s own identity' "$own" '' '>' $((count / 4))
	allow pool 'answers that were nobody, without authenticating' "$nobody" '' '>' $((count / 10))
	allow pool 'errors that were meant' "$meant" '' '>' $((count / 50))
	allow pool 'statements cancelled' "$cancelled" '' '>' $((count / 1000))
	allow pool 'answers that were somebody else' "$others" '' '==' 0
	allow pool 'other answers and errors' "$wrong" '' '==' 0
}
