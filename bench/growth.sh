# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures what a hundred or a thousand
# times as many accounts cost. (What the one sets, the other reads; dollars are
# of SQL.)

few=10000
many=10000000 # accounts
room=40       # GB, while they are loaded
calls=2000    # in a round, each of somebody else; of a crowd, each nine times
hashed=128    # the same, where each takes milliseconds
accounts=${growth:-$work}
if [ "$quick" = true ]; then many=1000000 room=6 calls=1000 hashed=96; fi

growth_sql() { sql -h "$sockets/growth" -d "$@"; }

# A server with both databases side by side, which stays for the other figures;
# with --growth its data and the files stay for other runs. Commits are not
# measured, and nothing else goes on.
prepare_growth() {
	export PGHOST=$sockets/growth PGUSER=postgres
	private_server # its programs
	[ ! -e "$work/growth.ready" ] || return 0
	mkdir "$sockets/growth"
	if [ -e "$accounts/many.people" ]; then start_again; else start_new; fi
	data= # the next figure needs it as well; it is stopped with the folder
	: >"$work/growth.ready"
}

start_new() {
	[ "$(df --output=avail -BG "$accounts" | tail -n 1 | tr -dc 0-9)" -ge "$room" ] || die "$accounts has no room of $room GB"
	link_accounts
	start_cluster growth "unix_socket_directories = '$sockets/growth'" "shared_preload_libraries = 'users'" \
		'wal_level = minimal' 'max_wal_senders = 0' 'max_wal_size = 16GB' 'checkpoint_timeout = 1h' 'autovacuum = off' \
		"shared_buffers = $(awk '/^MemTotal:/ {print int($2 / 4)}' /proc/meminfo)kB" 'max_parallel_workers_per_gather = 0' \
		"users.argon2_memory = '19MB'" 'users.max_registrations = 1000000' 'users.max_mail_requests = 1000' \
		"users.access_token_ttl = '24h'" "users.reset_url = 'https://example.org/password/reset?token={token}'"
	export PGHOST=$sockets/growth
	fill few "$few"
	fill many "$many"
}

# What an earlier run has loaded, with new tokens. Tables and library have to
# be of the same version.
start_again() {
	local database
	link_accounts
	pg_ctl -D "$work/growth" -l "$work/growth.log" -w -s -t 600 -o "-c unix_socket_directories='$sockets/growth'" start ||
		die "its server does not start: $(tail -n 5 "$work/growth.log")"
	for database in few many; do
		run growth_sql "$database" -c 'SELECT users.prepare_statements()'
		run growth_sql "$database" -v file="$accounts/$database.people" -f bench/renew.sql
	done
	say "$(growth_sql many -c "SELECT reltuples::bigint FROM pg_class WHERE oid = 'users.account'::regclass") accounts in $accounts"
}

# The server is stopped with all that is in the work folder.
link_accounts() {
	[ "$accounts" != "$work" ] || return 0
	mkdir -p "$accounts/growth"
	ln -s "$accounts/growth" "$work/growth"
}

# fill DATABASE COUNT: as many accounts, of which a sample asks.
fill() {
	local file=$accounts/$1.people began=$SECONDS
	createdb "$1"
	run growth_sql "$1" -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION users' \
		-c 'DO $$ BEGIN CREATE ROLE pool LOGIN NOINHERIT; EXCEPTION WHEN duplicate_object THEN NULL; END $$' \
		-c 'DO $$ BEGIN CREATE ROLE mailer LOGIN IN ROLE users_relay; EXCEPTION WHEN duplicate_object THEN NULL; END $$' \
		-c 'DO $$ BEGIN CREATE ROLE service LOGIN IN ROLE users_service; EXCEPTION WHEN duplicate_object THEN NULL; END $$'
	run growth_sql "$1" -v accounts="$2" -v hash="$(head -n 1 "$work/secret")" -f bench/load.sql
	say "$2 accounts: $(growth_sql "$1" -c 'SELECT pg_size_pretty(pg_database_size(current_database()))'), $((SECONDS - began)) s"
	run growth_sql "$1" -v password="$password" -f bench/shape.sql
	run growth_sql "$1" -v accounts="$2" -v sample="$calls" -v file="$file.sessions" -f bench/growth.sql
	"$work/mint" "$(growth_sql "$1" -c "SELECT encode(secret, 'hex') FROM users.root_key")" <"$file.sessions" >"$file"
	run growth_sql "$1" -v sample="$calls" -v file="$file" -f bench/tokens.sql
}

# Fields of bench/tokens.sql, a user, the first column of the answer, the
# statement, and what runs before it.
growth_call() { # FUNCTION
	local me='SELECT users_authenticate($1)'
	before=()
	login=pool options='' result=t
	count=$calls passes=1
	# A crowd goes through a round of so few in less time than a scheduler takes
	# to be fair.
	if [ "$clients" != 1 ]; then passes=9; fi
	case $1 in
		authenticate) fields=1 statement='SELECT users_authenticate($1) IS NOT NULL' ;;
		validate) fields=1 login=service result=ok statement='SELECT status FROM users_validate_token($1)' ;;
		refresh) fields=2 options='-c role=users_anon' result=ok statement='SELECT status FROM users_refresh($1)' ;;
		logout) fields=2 options='-c role=users_anon' result=ok statement='SELECT status FROM users_logout($1)' ;;
		login)
			fields=3 options='-c role=users_anon' result=ok count=$hashed passes=1
			statement="SELECT status FROM users_login(\$1, '$password')"
			;;
		register)
			fields=3 options='-c role=users_anon' result=ok count=$hashed passes=1
			statement="SELECT status FROM users_register('new' || \$1 || '@example.org', 'new' || \$1, '$password', 'New', 'Body')"
			;;
		create)
			fields=3 login=postgres
			statement="SELECT user_id IS NOT NULL FROM users_create_user('new' || \$1 || '@example.org', 'new' || \$1, 'New', 'Body', send_mail => false)"
			;;
		reset) fields=4 options='-c role=users_anon' result=accepted statement='SELECT status FROM users_request_reset($1)' ;;
		# One at a time: others get nothing from what one has claimed and rolls back.
		claim) login=mailer fields=7 result=1 count=$((calls / 4)) statement='SELECT count(*) FROM users_claim_mail(1)' ;;
		can) fields=1,6 before=("$me") statement="SELECT \$1::text IS NOT NULL AND users_can('device:read', \$2)" ;;
		check) fields=5,6 login=service statement="SELECT users_check(\$1, 'device:read', \$2)" ;;
		sessions) fields=1 before=("$me") statement='SELECT count(*) > 0 FROM users_sessions' ;;
		domains) fields=1 before=("$me") result=1 statement='SELECT count(*) FROM users_domains' ;;
		search) fields=1,3 before=("$me") statement='SELECT $1::text IS NOT NULL AND count(*) > 0 FROM users_search($2)' ;;
		profile) fields=1 before=("$me") statement="SELECT username IS NOT NULL FROM users_update_profile(first_name => 'New')" ;;
		audit) fields=1 before=("$me") statement='SELECT count(*) > 0 FROM users_audit' ;;
		accounts-id) fields=5 login=postgres result=1 statement='SELECT count(sessions) FROM users_accounts WHERE id = $1' ;;
		accounts-name) fields=3 login=postgres result=1 statement='SELECT count(sessions) FROM users_accounts WHERE lower(username) = $1' ;;
		accounts-page)
			fields=7 login=postgres result=20
			statement='SELECT count(sessions) FROM (SELECT sessions FROM users_accounts ORDER BY id DESC LIMIT 20) AS page'
			;;
		why) fields=3 login=postgres statement='SELECT count(*) > 0 FROM users_why($1)' ;;
	esac
}

# The median time of a call by people at random.
growth_time() { # DATABASE
	growth_call "$function"
	for ((pass = 0; pass < passes; pass++)); do shuf -n "$count" "$accounts/$1.people" | cut -f "$fields"; done >"$work/lines"
	if [ "$function" = claim ]; then
		growth_sql "$1" -c 'SET users.allow_drop = on' -c 'TRUNCATE users.mail, users.link, users.mail_request' \
			-c "SELECT count(*) FROM (SELECT email FROM person LIMIT $((2 * count))) AS p, LATERAL users_request_reset(p.email)" >"$work/output"
	fi
	run env PGDATABASE="$1" PGUSER="$login" PGOPTIONS="$options" "$work/crowd" "$work/lines" "$clients" "$result" "$statement" "${before[@]}"
	calculate '{print $1}'
}
growth_of_few() { growth_time few; }
growth_of_many() { growth_time many; }

measure_growth() { # FIGURE: growth-CLIENTS-FUNCTION
	IFS=- read -r _ clients function <<<"$1"
	prepare_growth
	take_turns growth_of_few growth_of_many
}
