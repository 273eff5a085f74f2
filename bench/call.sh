# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures single calls, most by the CPU
# time of the server process. (What the one sets, the other reads; dollars are of
# awk and of statements.)

calls=20000 # in a round
if [ "$quick" = true ]; then calls=5000; fi

prepare_call() {
	prepare_rls
	[ "$(sql -c "SELECT to_regclass('handmade.ready') IS NULL")" = t ] || return 0
	run sql -v password="$password" -f bench/call.sql
}

# cpu USER QUERY [beyond]: microseconds of the server process for one execution,
# with the parameters and answers of $work/lines; or beyond those of SELECT 1.
cpu() {
	run env PGDATABASE=bench PGUSER="$1" "$work/cpu" "$calls" "$work/lines" "${@:2}"
	calculate 'NF == 1 {print}'
}

# lines QUERY [ARGUMENT...]: makes $work/lines of its rows.
lines() {
	sql -F $'\t' "${@:2}" >"$work/lines" <<<"$1"
}

# written COMMAND...: while somebody commits changes as fast as one client can,
# of a row that nobody else looks at.
written() {
	local writer status=0
	pgbench -n -M prepared -f - -c 1 -T 600 bench >"$work/writer.log" 2>&1 \
		<<<'UPDATE handmade.written SET n = n + 1; SELECT 1;' &
	writer=$!
	sleep 0.5
	"$@" || status=$?
	kill "$writer" 2>/dev/null || die "nobody was writing: $(cat "$work/writer.log")"
	wait "$writer" 2>/dev/null || true
	return "$status"
}

# ---- authenticate-alone: one client, which sends now one statement, now the other

alone() {
	rm -f "$work/alone".*
	run pgbench -n -M prepared -U pool -f bench/select-1.sql -f bench/authenticate.sql -c 1 -T "$seconds" -D token="$token" \
		-l --log-prefix="$work/alone" bench
	cat "$work/alone".* >"$work/output"
	calculate '{sum[$4] += $3; n[$4]++} END {if (n[0] && n[1]) print n[0] / sum[0] * 1e6, n[1] / sum[1] * 1e6}'
	read -r baseline value <<<"$value"
}

# ---- authenticate-cached, -new, -pgcrypto

bare() { # WHAT FILE
	run "$work/bare" "$1" "$calls" "$2"
	calculate 'NF == 1 {print}'
}
bare_hmac() {
	echo "$token" >"$work/token"
	bare hmac "$work/token"
}
bare_ed25519() {
	[ -s "$work/new-tokens" ] || make_tokens
	bare ed25519 "$work/new-tokens"
}

cached() {
	lines "SELECT :'token', user_id FROM users.identifier WHERE identifier = 'username:client0'" -v token="$token"
	cpu pool 'SELECT users_authenticate($1)' beyond
}
# Whatever takes less than the verification is none.
uncached() {
	cp "$work/new-tokens" "$work/lines"
	cpu pool 'SELECT users_authenticate($1)' beyond
	awk "BEGIN {exit !($value > $baseline)}" || die "the signatures of new tokens were not verified"
}

# More of them than a backend remembers, and one of the session's versions left.
make_tokens() {
	lines "SELECT t, l.user_id FROM users_login('client0', :'password') AS l, LATERAL handmade.tokens(l.refresh_token, 4000) AS t" \
		-v password="$password"
	[ "$(sort -u "$work/lines" | wc -l)" = 4000 ] || die "there are no 4000 tokens"
	sql -c 'VACUUM users.session'
	mv "$work/lines" "$work/new-tokens"
}

# Claims as many and as long as ours.
by_hand() {
	lines "SELECT handmade.sign(json_build_object('iss', 'users', 'aud', 'users', 'sub', user_id, 'sid', gen_random_uuid(),
			'role', 'users_member', 'exp', seconds + 900, 'iat', seconds, 'auth_time', seconds), :'secret'), :'secret', true
		  FROM users.identifier, CAST(extract(epoch FROM now()) AS bigint) AS seconds
		 WHERE identifier = 'username:client0'" -v secret='a secret of thirty-two characters'
	cpu pool 'SELECT valid FROM handmade.verify($1, $2)' beyond
}

# ---- login-pgcrypto

hand_login() {
	lines "SELECT 'client0', :'password', true" -v password="$password"
	calls=$logins cpu pool 'SELECT handmade.login($1, $2) IS NOT NULL'
	value=$(awk "BEGIN {print $value / 1000}")
}

# ---- check-10, check-1000: in a new order, the same on both sides

questions() { # NAME
	lines "SELECT m.user_id, d, true FROM rls.member m, unnest(m.given) AS d WHERE m.name = :'name' ORDER BY random()" -v name="$1"
}
look_up_and_check() { # NAME
	questions "$1"
	cpu reader 'SELECT true FROM rls.membership WHERE user_id = $1::uuid AND domain_id = $2::uuid'
	baseline=$value
	cpu broker "SELECT users_check(\$1::uuid, 'device:read', \$2::uuid)"
}

# ---- request-10, request-1000: for a random row of those that the member may read

# request FIRST TABLE: by two clients, in a pipeline each.
request() {
	cat >"$work/request.sql" <<-SQL
		\set n $number
		\startpipeline
		BEGIN;
		$1
		SELECT 1 / count(name) FROM rls.$2 WHERE id = md5('object' || :n)::uuid;
		COMMIT;
		\endpipeline
	SQL
	run pgbench -n -M prepared -U pool -f "$work/request.sql" -c 2 -j 2 -T "$seconds" -D token="$token" bench
	calculate '/^tps = / {print $3}'
}
request_by_role() { request 'SET LOCAL ROLE reader;' plain; }
request_by_token() { request 'SELECT users_authenticate(:token);' device; }
request_by_role_written() { written request_by_role; }
request_by_token_written() { written request_by_token; }

# ---- register: two clients

hash_bound() {
	run "$work/verify" "$work/secret" 2 1 "$seconds"
	calculate '{rate += $1 / $3 * 1000} END {if (NR == 2) print rate}'
}
register() {
	PGOPTIONS='-c role=users_anon' rate register.sql -D password="$password"
}

measure_call() { # FIGURE
	prepare_call
	case $1 in
		authenticate-alone) in_rounds alone ;;
		authenticate-cached) take_turns bare_hmac cached ;;
		authenticate-new) take_turns bare_ed25519 uncached ;;
		authenticate-pgcrypto) take_turns by_hand cached ;;
		login-pgcrypto) take_turns hand_login login_cpu ;;
		check-10) in_rounds look_up_and_check ten ;;
		check-1000) in_rounds look_up_and_check thousand ;;
		check-written) in_rounds written look_up_and_check thousand ;;
		request-10)
			# Of the domains, those whose number ends in 07.
			member ten
			number="100 * random(0, $rows / 100 - 1) + 6"
			take_turns request_by_role request_by_token
			;;
		request-1000)
			member thousand
			number="random(1, $rows)"
			take_turns request_by_role request_by_token
			;;
		request-written)
			member thousand
			number="random(1, $rows)"
			take_turns request_by_role_written request_by_token_written
			;;
		register) take_turns hash_bound register ;;
	esac
}
