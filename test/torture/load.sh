# shellcheck shell=bash disable=SC2016,SC2154
# How script/torture, which sources this, measures load and floods.

background=() # what runs beside what is measured
stopped=      # the backend that keeps a slot
phrase='seven purple kettles sing'
slots=$(($(nproc) / 2 > 0 ? $(nproc) / 2 : 1))
queue_timeout=5 # seconds, the default

stop_load() {
	[ -z "$stopped" ] || kill -CONT "$stopped" 2>/dev/null || true
	stopped=
	[ "${#background[@]}" != 0 ] || return 0
	kill "${background[@]}" 2>/dev/null || true
	wait "${background[@]}" 2>/dev/null || true
	background=()
}

# allow LOAD WHAT VALUE UNIT OPERATOR LIMIT [EXPLANATION]: a row of the table.
allow() {
	local verdict=missed
	awk "BEGIN {exit !($3 $5 $6)}" && verdict=ok
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3${4:+ $4}" "$5 $6${4:+ $4}${7:+ ($7)}" "$verdict" >>"$work/loads"
	printf '%-10s %-60s %s %s, allowed %s %s%s\n' "$1" "$2" "$3" "$4" "$5" "$6" "$([ "$verdict" = ok ] || echo ', MISSED')"
}

start_load_cluster() {
	start_cluster load "shared_preload_libraries = 'users'" 'max_connections = 260' "users.max_concurrent_hashes = $slots"
	createdb torture
	as_superuser -f test/torture/setup.sql >"$work/setup.log"
	as_superuser -v password="$phrase" >"$work/setup.log" <<-'SQL'
		SELECT users_create_user('member' || i || '@example.com', 'member' || i, 'Some', 'Body', password => :'password', send_mail => false)
		  FROM generate_series(0, 19) AS i;
		CREATE TABLE item (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid NOT NULL);
		SELECT users_protect('item', 'device');
		INSERT INTO item (domain_id) SELECT (users_create_domain('Here', 'here', owner_id => users_id('member0'))).id FROM generate_series(1, 1);
		INSERT INTO item (domain_id) SELECT domain_id FROM item, generate_series(1, 99);
		GRANT USAGE ON SCHEMA public TO users_member;
		ANALYZE;
	SQL
	token=$(as_superuser -v password="$phrase" <<<"SELECT access_token FROM users_login('member0', :'password')")
}

as_anon() { PGDATABASE=torture PGUSER=pool PGOPTIONS="-c role=users_anon ${options:-}" "$@"; }

# worst FILE: the most milliseconds that an answer took.
worst() { awk '$3 > worst {worst = $3} END {print worst + 0}' "$1"; }
answers() { awk -v wanted="$2" '$1 ~ "^(" wanted ")$" {sum += $2} END {print sum + 0}' "$1"; }

# ---- 200 clients that sign in at once

# Megabytes that the server's processes have, each of its own: now, and the most
# so far in $work/peak.
memory_now() {
	local server children files
	server=$(head -n 1 "$data/postmaster.pid")
	read -r -a children <"/proc/$server/task/$server/children"
	files=("${children[@]/#//proc/}")
	cat "${files[@]/%//status}" 2>/dev/null | awk '/^RssAnon:/ {sum += $2} END {print int(sum / 1024)}' || true
}
watch_memory() {
	local now most=0
	while [ -e "$data/postmaster.pid" ]; do
		now=$(memory_now)
		if ((${now:-0} > most)); then
			most=$now
			echo "$most" >"$work/peak"
		fi
		sleep 0.05
	done
}

# Transactions a second of people who are signed in and read a protected table.
authenticated() {
	cat >"$work/read.sql" <<-'SQL'
		BEGIN;
		SELECT users_authenticate(:token);
		SELECT 1 / (count(*) = 100)::integer FROM item;
		COMMIT;
	SQL
	PGDATABASE=torture pgbench -n -M prepared -U pool -c 2 -j 1 -T "$seconds" -D token="$token" -f "$work/read.sql" \
		>"$work/pgbench" 2>&1 || die "pgbench: $(cat "$work/pgbench")"
	awk '/^tps = / {print $3}' "$work/pgbench"
}

test_load() {
	local clients=200 alone meanwhile base peak hash=46
	local login="SELECT status FROM users_login('member' || \$1::integer % 20, '$phrase')"
	alone=$(authenticated)
	watch_memory &
	background=($!)
	# What is under way counts as failed until it is judged.
	as_superuser -c 'ALTER SYSTEM SET users.max_failed_logins = 1000' -c 'SELECT pg_reload_conf()' >"$work/setup.log"
	as_anon "$work/many" "$clients" $((2 * seconds + 4)) 0 "$login" 4 >"$work/logins" &
	local load=$!
	sleep 2
	meanwhile=$(authenticated)
	# When all are idle, they stay a little longer: as they are, but none hashes.
	until as_superuser -c "SELECT 1 / (count(*) FILTER (WHERE state = 'idle') >= $clients)::integer FROM pg_stat_activity WHERE usename = 'pool'" \
		>/dev/null 2>&1 || ! kill -0 "$load" 2>/dev/null; do sleep 0.2; done
	base=$(memory_now)
	wait "$load"
	stop_load
	as_superuser -c 'ALTER SYSTEM RESET ALL' -c 'SELECT pg_reload_conf()' >"$work/setup.log"
	peak=$(cat "$work/peak")
	allow load "sign-ins answered \`ok\` or \`busy\`, of $clients clients at once" \
		"$(answers "$work/logins" 'ok|busy')" '' '==' "$(answers "$work/logins" '.*')" 'all'
	allow load 'of them `ok`' "$(answers "$work/logins" ok)" '' '>' 0
	allow load 'worst wait for an answer' "$(worst "$work/logins")" ms '<=' $((queue_timeout * 1000 + 1500)) \
		"users.hash_queue_timeout + 1.5 s"
	allow load "peak memory of the server, above its $base MB when the $clients sessions are idle" $((peak - base)) MB '<=' \
		$((slots * hash + clients / 4)) "$slots slots × $hash MB + 0.25 MB a session"
	allow load "authenticated reads meanwhile ($(printf '%.0f of %.0f' "$meanwhile" "$alone") a second)" \
		"$(awk "BEGIN {printf \"%.2f\", $meanwhile / $alone}")" '' '>=' 0.5 "of those alone"
}

# ---- invented identifiers

# All slots are taken by sign-ins that stand still, so that none is hashed: a
# call is charged, waits, is cancelled and stays charged.
hold_slots() {
	local i pid
	((slots == 1)) || as_superuser -c 'ALTER SYSTEM SET users.max_concurrent_hashes = 1' >/dev/null
	((slots == 1)) || { stop_cluster && pg_ctl -D "$data" -l "$data.log" -w -s start; }
	PGAPPNAME=holder PGOPTIONS='-c users.argon2_memory=1GB -c users.argon2_iterations=10' \
		as_superuser -c "SELECT users_login('holder', 'x')" >/dev/null 2>&1 &
	background+=($!)
	for ((i = 0; i < 100; i++)); do
		pid=$(as_superuser -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'holder'")
		if [ -n "$pid" ] && awk '/^RssAnon:/ {exit !($2 > 51200)}' "/proc/$pid/status"; then
			kill -STOP "$pid"
			stopped=$pid
			return
		fi
		sleep 0.02
	done
	die "no hash could be stopped"
}
wrong_password() { as_anon psql -X -q -A -t -c "SELECT status FROM users_login('member1', 'wrong')"; }
throttle_size() {
	as_superuser -c "SELECT allocated_size / 1024 FROM pg_shmem_allocations WHERE name = 'users throttle'"
}

test_flood() {
	local count=$((20000 * minutes)) i before options='-c statement_timeout=1'
	((count <= 1000000)) || count=1000000
	for ((i = 0; i < 9; i++)); do options='' wrong_password >/dev/null; done
	before=$(throttle_size)
	hold_slots
	as_anon "$work/many" 8 600 "$count" "SELECT status FROM users_login('invented' || \$1, 'x')" >"$work/flood"
	stop_load
	until [ "$(as_superuser -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder'")" = 0 ]; do sleep 0.1; done
	allow flood 'invented identifiers that were charged' "$(answers "$work/flood" 57014)" '' '>=' $((count * 9 / 10)) "of $count"
	allow flood 'growth of the throttle' $(($(throttle_size) - before)) kB '==' 0 "it has $before kB"
	options=
	allow flood "the victim's tenth failure after nine before the flood" \
		"$([ "$(wrong_password)" = invalid_credentials ] && echo 1 || echo 0)" '' '==' 1 'is judged'
	allow flood "the victim's eleventh" "$([ "$(wrong_password)" = throttled ] && echo 1 || echo 0)" '' '==' 1 'is throttled'
}

# ---- strangers who stand in the way

# stay USER OPTIONS: a session that does what is read, and stays.
stay() {
	{
		cat
		echo 'SELECT pg_sleep(600);'
	} | PGOPTIONS="$2" psql -X -q -A -t -U "$1" -d torture -v ON_ERROR_ROLLBACK=on -v password="$phrase" -v token="$token" \
		>"$work/stay.$RANDOM" 2>&1 &
	background+=($!)
}
strangers() {
	stay stranger '' <<-'SQL'
		LISTEN anything;
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SELECT count(*) FROM pg_class;
		SELECT count(pg_advisory_lock(i)) FROM generate_series(-1000, 1000) AS i;
		LOCK TABLE users.account, users.session, users.mail, users.mail_request;
	SQL
	stay pool '-c role=users_anon' <<-'SQL'
		BEGIN;
		SELECT status FROM users_request_reset('member2@example.com');
		SELECT status FROM users_register('nobody@example.com', 'nobody', :'password', 'Some', 'Body');
		LOCK TABLE users.account;
	SQL
	stay pool '' <<-'SQL'
		BEGIN;
		SELECT users_authenticate(:'token');
		SELECT (users_create_domain('Mine', 'mine')).id;
		SELECT status FROM users_change_password('wrong', :'password', :'password');
		SELECT users_logout_all(keep_current => true);
	SQL
	as_anon "$work/many" 2 600 0 "SELECT status FROM users_request_registration('invented' || \$1 || '@example.net')" >/dev/null &
	background+=($!)
	as_anon "$work/many" 1 600 0 "SELECT status FROM users_request_reset('invented' || \$1 || '@example.net')" >/dev/null &
	background+=($!)
}
# A queue that cannot be emptied while the stranger above listens; since
# PostgreSQL 17 it can be made small.
fill_notifications() {
	local i usage=0
	for ((i = 0; i < 80; i++)); do
		psql -X -q -A -t -U stranger -d torture \
			-c "SELECT count(pg_notify('anything', repeat('x', 7960) || i)) FROM generate_series(1, 20000) AS i" \
			>/dev/null 2>&1 || break
	done
	for ((i = 0; i < 50; i++)); do
		psql -X -q -U stranger -d torture -c "SELECT pg_notify('anything', repeat('x', 7960) || random())" \
			>/dev/null 2>&1 || break
	done
	usage=$(as_superuser -c 'SELECT round(pg_notification_queue_usage()::numeric, 2)')
	allow strangers 'of the notification queue full' "$usage" '' '>=' 0.99
}
# How long member2 waits for the mail that was asked for.
await_mail() {
	local patience=600 sent
	until [ "$(as_anon psql -X -q -A -t -c "SELECT status FROM users_request_reset('member2@example.com')")" = accepted ]; do
		[ $((patience--)) != 0 ] || break
		sleep 0.1
	done
	until sent=$(as_superuser -c "SELECT count(*) FROM users.mail WHERE recipient = 'member2@example.com'
			AND kind = 'reset_password' AND state = 'sent'") && ((sent > mailed)); do
		[ $((patience--)) != 0 ] || break
		sleep 0.1
	done
	mailed=$sent
}

test_strangers() {
	local i began mailed=0 wait most=0 room
	mkdir -p "$work/ledger"
	as_superuser -c 'ALTER SYSTEM SET users.max_mail_requests = 1000' -c 'ALTER SYSTEM SET users.max_failed_logins = 1000' \
		-c 'SELECT pg_reload_conf()' >"$work/setup.log"
	strangers
	sleep 1
	room=$(df --output=avail -B1G "$work" | tail -n 1)
	if ((minutes >= 10 && room >= 12)); then
		fill_notifications
	else
		say "the notification queue is filled in runs of ten minutes, with 12 GB of room"
	fi
	PGDATABASE=torture PGUSER=mailer "$work/client" relay "$work/ledger/load" load 1 &
	background+=($!)
	as_anon "$work/many" 1 "$seconds" 0 "SELECT status FROM users_login('member2' || left(\$1, 0), '$phrase')" >"$work/logins"
	for ((i = 0; i < 5; i++)); do
		began=$(date +%s%N)
		await_mail
		wait=$((($(date +%s%N) - began) / 1000000))
		if ((wait > most)); then most=$wait; fi
	done
	stop_load
	allow strangers 'sign-ins of a member meanwhile, `ok`' "$(answers "$work/logins" ok)" '' '==' "$(answers "$work/logins" '.*')" all
	allow strangers 'worst wait of a sign-in' "$(worst "$work/logins")" ms '<=' 2000
	allow strangers 'worst wait for a reset mail, five times' "$most" ms '<=' 20000
}
