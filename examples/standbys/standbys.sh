#!/usr/bin/env bash
# A primary, two hot standbys and pgbouncer in one folder, to read and to try.
# usage: standbys.sh FOLDER COMMAND
#   up         makes the three servers and the pool, and a person to sign in
#   sign-in    hashes on a standby, opens the session on the primary
#   fail-over  the primary dies; a standby takes its place, the other follows
#   rejoin     the server that died comes back, as a standby
#   status     who is what
#   down       stops everything; the folder stays
# The extension has to be installed, PostgreSQL's programs and pgbouncer in PATH.
# Everything is on Unix sockets below FOLDER, which nobody else may enter: so
# nobody needs a password here. On machines of your own: one server each, TLS,
# and passwords (scram-sha-256) or certificates in pg_hba.conf.
# With QUICK=1 nobody waits for disks while servers are made, for trying only.
set -euo pipefail
unset PGHOST PGPORT PGDATABASE PGUSER PGOPTIONS PGSERVICE PGAPPNAME

servers=(alpha beta gamma)
making=()
[ -z "${QUICK:-}" ] || making=(--no-sync)
password='seven purple kettles sing'

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# ---- talking to a server, as its superuser, and to the pool

# sql SERVER ARGUMENT...
sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$folder/$1" -p 5432 -U postgres -d app "${@:2}"
}
pool() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$folder/pool" -p 6432 -U "$1" -d "$2" "${@:3}"; }

is_up() { pg_ctl -D "$folder/$1/data" status >/dev/null 2>&1; }

# The server that is no standby, of those that run.
primary() {
	local server
	for server in "${servers[@]}"; do
		if is_up "$server" && [ "$(sql "$server" -c 'SELECT pg_is_in_recovery()')" = f ]; then
			echo "$server"
			return
		fi
	done
	die "no primary is running"
}
standbys() {
	local server
	for server in "${servers[@]}"; do
		if is_up "$server" && [ "$(sql "$server" -c 'SELECT pg_is_in_recovery()')" = t ]; then
			echo "$server"
		fi
	done
}

# until_true SERVER QUERY
until_true() {
	local patience=300
	until [ "$(sql "$1" -c "$2")" = t ]; do
		[ $((patience--)) != 0 ] || die "$1 waits in vain for: $2"
		sleep 0.1
	done
}

# ---- the servers

# The same root key for all of them, outside of their data, which backups copy.
make_key() {
	(umask 077 && head -c 32 /dev/urandom >"$folder/users.key")
}

# configure SERVER: what a server says of itself. The extension's settings are
# the same everywhere.
configure() {
	cat >>"$folder/$1/data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$folder/$1'
		port = 5432
		cluster_name = '$1'
		shared_preload_libraries = 'users'
		users.key_file = '$folder/users.key'
		hot_standby_feedback = on
		wal_log_hints = on
	CONF
}
start() { pg_ctl -D "$folder/$1/data" -l "$folder/$1/log" -w -s start; }

make_primary() { # SERVER
	mkdir -m 0700 "$folder/$1"
	initdb -D "$folder/$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-instructions "${making[@]}" >"$folder/$1/initdb.log"
	configure "$1"
	start "$1"
	createdb -h "$folder/$1" -U postgres app
	sql "$1" -v password="$password" >/dev/null <<-'SQL'
		SET client_min_messages = warning;
		CREATE EXTENSION users;
		CREATE ROLE app LOGIN NOINHERIT;
		SELECT count(*) FROM users_setup_login('app');
		SELECT status FROM users_register('ann@example.org', 'ann', :'password', 'Ann', 'Lee');
	SQL
}

# connection SERVER PRIMARY: how a standby finds its primary; application_name is
# what synchronous_standby_names calls it.
connection() { echo "host=$folder/$2 port=5432 user=postgres application_name=$1"; }

# make_standby SERVER PRIMARY: a copy that follows.
make_standby() {
	[ -e "$folder/$1" ] || mkdir -m 0700 "$folder/$1"
	rm -rf "$folder/$1/data"
	pg_basebackup -D "$folder/$1/data" -d "$(connection "$1" "$2")" -c fast -X stream --write-recovery-conf "${making[@]}"
	configure "$1"
	start "$1"
	until_true "$1" 'SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = '\''streaming'\'')'
}

# follow SERVER PRIMARY: a standby that runs turns to another primary.
follow() {
	sql "$1" -c "ALTER SYSTEM SET primary_conninfo = '$(connection "$1" "$2")'" -c 'SELECT pg_reload_conf()' >/dev/null
	until_true "$2" "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '$1')"
}

# Every standby that checks tokens is listed, with their number: so whoever has
# signed out is signed out on all of them when the call returns. Listed before
# it is there, a standby would make every such commit wait.
list_standbys() { # PRIMARY
	local list=() value
	mapfile -t list < <(standbys)
	value=$(IFS=,; echo "${list[*]}")
	if [ -n "$value" ]; then value="${#list[@]} ($value)"; fi
	sql "$1" -c "ALTER SYSTEM SET synchronous_standby_names = '$value'" -c 'SELECT pg_reload_conf()' >/dev/null
	until_true "$1" "SELECT count(*) = ${#list[@]} FROM pg_stat_replication WHERE sync_state = 'sync'"
}

# ---- the pool: "app" leads to the primary, "verify" to the standbys in turn

write_pool() {
	local hosts=() server
	for server in $(standbys); do hosts+=("$folder/$server"); done
	[ "${#hosts[@]}" != 0 ] || hosts=("$folder/$(primary)")
	cat >"$folder/pool/pgbouncer.ini" <<-INI
		[databases]
		app = host=$folder/$(primary) port=5432 dbname=app
		verify = host=$(IFS=,; echo "${hosts[*]}") port=5432 dbname=app
		[pgbouncer]
		listen_addr =
		listen_port = 6432
		unix_socket_dir = $folder/pool
		auth_type = trust
		auth_file = $folder/pool/users.txt
		admin_users = dba
		pool_mode = transaction
		default_pool_size = 10
		logfile = $folder/pool/log
		pidfile = $folder/pool/pid
	INI
}

make_pool() {
	mkdir -m 0700 "$folder/pool"
	printf '"app" ""\n"dba" ""\n' >"$folder/pool/users.txt"
	write_pool
	pgbouncer -q -d "$folder/pool/pgbouncer.ini"
}

# Connections to servers that are what they were go on.
point_pool() {
	write_pool
	pool dba pgbouncer -c RELOAD
	pool dba pgbouncer -c RECONNECT
}

# ---- the commands

up() {
	[ ! -e "$folder/alpha" ] || die "$folder has servers already"
	make_key
	make_primary alpha
	make_standby beta alpha
	make_standby gamma alpha
	list_standbys alpha
	make_pool
	status
}

# As an application does it, each half where it belongs.
sign_in() {
	pool app verify -v password="$password" <<-'SQL'
		BEGIN;
		SET LOCAL ROLE users_anon;
		SELECT status, ticket, current_setting('cluster_name') AS server FROM users_verify_password('ann', :'password') \gset
		COMMIT;
		\echo password: :status, on :server
		\connect app
		BEGIN;
		SET LOCAL ROLE users_anon;
		SELECT status, access_token, current_setting('cluster_name') AS server FROM users_login_ticket(:'ticket', 'example') \gset
		COMMIT;
		\echo session: :status, on :server
		BEGIN;
		SET LOCAL ROLE users_anon;
		SELECT status FROM users_login_ticket(:'ticket') \gset
		COMMIT;
		\echo the same ticket again: :status
		BEGIN;
		SELECT users_authenticate(:'access_token') IS NOT NULL AS signed_in \gset
		SELECT username FROM users_profile() \gset
		COMMIT;
		\echo signed in: :username
	SQL
}

# The primary is gone. Make sure that it is, and stays so: two primaries would
# each open sessions. Then promote the standby that has the most.
fail_over() {
	local old new other
	old=$(primary)
	pg_ctl -D "$folder/$old/data" -m immediate -s stop
	new=$(for other in $(standbys); do
		echo "$(sql "$other" -c "SELECT pg_last_wal_receive_lsn() - '0/0'") $other"
	done | sort -n | tail -n 1 | cut -d ' ' -f 2)
	[ -n "$new" ] || die "there is no standby to promote"
	# What it took over from the old one would make it wait for itself.
	sql "$new" -c "ALTER SYSTEM SET synchronous_standby_names = ''" -c 'SELECT pg_reload_conf()' >/dev/null
	pg_ctl -D "$folder/$new/data" -w -s promote
	for other in $(standbys); do
		follow "$other" "$new"
	done
	list_standbys "$new"
	point_pool
	status
}

# What the old primary has and the new one has not must go: a new copy. (With
# large data pg_rewind is quicker; wal_log_hints is on for it.)
rejoin() {
	local server
	for server in "${servers[@]}"; do
		if is_up "$server"; then continue; fi
		make_standby "$server" "$(primary)"
		list_standbys "$(primary)"
	done
	point_pool
	status
}

status() {
	local server
	for server in "${servers[@]}"; do
		if ! is_up "$server"; then
			echo "$server: down"
		else
			sql "$server" -c "SELECT '$server: ' || CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary, waits for: ' || current_setting('synchronous_standby_names') END"
		fi
	done
}

down() {
	local server
	if [ -e "$folder/pool/pid" ]; then kill "$(cat "$folder/pool/pid")"; fi
	# The primary first, so that the standbys have all of it.
	for server in $(primary || true) $(standbys); do
		pg_ctl -D "$folder/$server/data" -m fast -s stop
	done
}

case ${2:-} in
	up | status | rejoin | down) command=$2 ;;
	sign-in) command=sign_in ;;
	fail-over) command=fail_over ;;
	*)
		sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
		exit 2
		;;
esac
folder=$(cd "$1" && pwd -P) || die "there is no folder $1"
"$command"
