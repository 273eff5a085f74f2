# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures requests through a PostgREST
# that POSTGREST_BIN names, with wrk. (What the one sets, the other reads.)

# start_postgrest NAME CONFIGURATION: on a free port; sets url_NAME.
start_postgrest() {
	local port answer
	for ((port = 20000 + RANDOM % 20000; ; port++)); do
		(: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	cat >"$work/$1.conf" <<-CONF
		db-uri = "postgresql://pool@/bench?host=$PGHOST"
		db-schemas = "public"
		server-host = "127.0.0.1"
		server-port = $port
		log-level = "crit"
		$2
	CONF
	"$POSTGREST_BIN" "$work/$1.conf" >"$work/$1.log" 2>&1 &
	postgrests+=($!)
	printf -v "url_$1" 'http://127.0.0.1:%d/users_languages' "$port"
	answer="url_$1"
	for _ in {1..100}; do
		if curl -sf "${!answer}" >/dev/null; then return; fi
		sleep 0.1
	done
	cat "$work/$1.log" >&2
	die "PostgREST does not answer"
}

# requests URL: a second, of two clients with a member's token; all must be 200.
requests() {
	run wrk -t 1 -c 2 -d "${seconds}s" -H "Authorization: Bearer $token" "$1"
	! grep -q 'Non-2xx' "$work/output" || die "requests failed"
	calculate '/^Requests\/sec:/ {print $2}'
}
without_hook() { requests "$url_without"; }
with_hook() { requests "$url_with"; }

measure_postgrest() { # FIGURE
	local postgrests=() jwks
	if [ -z "${POSTGREST_BIN:-}" ]; then
		say "postgrest is skipped: POSTGREST_BIN names no PostgREST"
		return
	fi
	command -v wrk >/dev/null || die "wrk is missing"
	sign_in EdDSA
	jwks=$(sql -c 'SELECT users_jwks()')
	start_postgrest without "db-anon-role = \"users_anon\"
		jwt-secret = \"${jwks//\"/\\\"}\""
	start_postgrest with 'db-pre-config = "public.users_pre_config"'
	take_turns without_hook with_hook
	kill "${postgrests[@]}"
	wait "${postgrests[@]}" 2>/dev/null || true
}
