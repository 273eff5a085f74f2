# shellcheck shell=bash disable=SC2154
# How script/torture, which sources this, causes faults under a mixed load, and
# what it does to have a server again. (What the one sets, the other reads.)

people=4 # clients of each round, and relays
relays=2
clients=()

as_superuser() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d torture "$@"; }

# ---- the server, of which the first port is the present one

start_server() { # WITH...: what stands before pg_ctl
	# A killed postmaster's children hold its memory until they have noticed.
	"$@" pg_ctl -D "$data" -l "$data.log" -w -t 60 -s start >/dev/null 2>&1
}

# Whatever has happened, it runs again and takes writes.
heal() {
	local patience=240
	until [ "$(psql -X -A -t -d torture -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; do
		[ $((patience--)) != 0 ] || die "the server does not come back: $(tail -n 5 "$data.log")"
		pg_ctl -D "$data" status >/dev/null 2>&1 || start_server || true
		sleep 0.2
	done
}

kill_postmaster() {
	kill -9 "$(head -n 1 "$data/postmaster.pid")"
}

# ---- the clients

start_clients() { # ENVIRONMENT...
	local i prefix ports common=(PGHOST="$sockets,$sockets" PGPORT="5432,5433" PGDATABASE=torture
		PGTARGETSESSIONATTRS=read-write PGCONNECT_TIMEOUT=10 "$@")
	local anonymous='-c role=users_anon'
	clients=()
	for ((i = 1; i <= people; i++)); do
		prefix=$label options=$anonymous ports=5432,5433
		# Half of them do not wait for a standby, but where sessions end. They
		# know the old primary alone: what they did last may be lost, and what
		# they did elsewhere would say nothing about it.
		if [ "$kind" = standby ] && ((i % 2 == 0)); then
			prefix=local options+=' -c synchronous_commit=local' ports=$PGPORT
		fi
		env "${common[@]}" PGUSER=pool PGOPTIONS="$options" PGPORT="$ports" \
			"$work/client" people "$work/ledger/people.$round" "$prefix${round}c$i" "$RANDOM" &
		clients+=($!)
	done
	for ((i = 1; i <= relays; i++)); do
		env "${common[@]}" PGUSER=mailer \
			"$work/client" relay "$work/ledger/relays" "$label${round}x$i" "$RANDOM" &
		clients+=($!)
	done
}

stop_clients() {
	[ "${#clients[@]}" != 0 ] || return 0
	kill "${clients[@]}" 2>/dev/null || true
	wait "${clients[@]}" 2>/dev/null || true
	clients=()
}

# A while of the load alone.
let_be() { # SECONDS
	sleep "$1"
}

# ---- the kinds of faults; each adds to $faults

# until_late COMMAND...: again and again, for the time of a round.
until_late() {
	local late=$((SECONDS + seconds))
	while ((SECONDS < late)); do
		if "$@"; then faults=$((faults + 1)); fi
	done
}

one_backend="(SELECT pid FROM pg_stat_activity
	WHERE usename IN ('pool', 'mailer') ORDER BY state = 'active' DESC, random() LIMIT 1)"

kill_backend() {
	local pid
	sleep "0.$((RANDOM % 8 + 2))"
	pid=$(as_superuser -c "$one_backend" 2>/dev/null) && [ -n "$pid" ] || return 1
	kill -9 "$pid" 2>/dev/null || return 1
	sleep 0.1
	heal
}
fault_backend() { until_late kill_backend; }

kill_server() {
	sleep "1.$((RANDOM % 10))"
	kill_postmaster
	heal
}
fault_postmaster() { until_late kill_server; }

signal_backends() { # FUNCTION SECONDS
	local count
	count=$(for ((i = 0; i < seconds * 10; i++)); do
		echo "SELECT count($1(pid)) FROM $one_backend AS pid;"
		echo "SELECT pg_sleep($2 * random()) \g /dev/null"
	done | as_superuser 2>/dev/null | awk '{sum += $1} END {print sum + 0}')
	faults=$((faults + count))
}
fault_cancel() { signal_backends pg_cancel_backend 0.2; }
fault_terminate() { signal_backends pg_terminate_backend 0.2; }

# Statements end by themselves in the clients, which count them.
fault_timeout() { let_be "$seconds"; }

fill_connections() {
	local i strangers=()
	for ((i = 0; i < 40; i++)); do
		psql -X -U stranger -d torture -c 'SELECT pg_sleep(2)' >/dev/null 2>&1 &
		strangers+=($!)
	done
	sleep 0.5
	as_superuser -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE usename IN ('pool', 'mailer')" >/dev/null || true
	wait "${strangers[@]}" || true
}
fault_connections() { until_late fill_connections; }

# fill DIRECTORY: no byte is left there for a while.
fill() {
	fallocate -l "$(df --output=avail -B1 "$1" | tail -n 1)" "$1/ballast" 2>/dev/null || true
	cat /dev/zero >>"$1/ballast" 2>/dev/null || true
}
fault_disk() {
	let_be 1
	fill "$small/data"
	let_be "$seconds"
	rm -f "$small/data/ballast"
	heal
	faults=$((faults + 1))
	let_be 1
}
# The files of WAL that are ready are used up first.
fault_wal() {
	local i
	let_be 1
	fill "$small/wal"
	for ((i = 0; i < 20; i++)); do
		as_superuser -c 'SELECT pg_switch_wal()' -c 'CREATE TEMP TABLE t AS SELECT 1' >/dev/null 2>&1 || break
	done
	let_be "$seconds"
	rm -f "$small/wal/ballast"
	heal
	faults=$((faults + 1))
	let_be 1
}

# Half of the time the old primary goes on, and acknowledges nothing any more.
fault_standby() {
	let_be "$seconds"
	if ((RANDOM % 2)); then
		kill_postmaster
	else
		pg_ctl -D "$standby" -w -s promote
		let_be 1
		kill_postmaster
	fi
	pg_ctl -D "$standby" -w -s promote >/dev/null 2>&1 || true
	faults=$((faults + 1))
	rm -rf "$data" "$small/wal/$PGPORT" "$small/data/$PGPORT"
	data=$standby
	export PGPORT=$other
	heal
	let_be 2
}
# Before the load: a standby that commits wait for, on the other port.
make_standby() {
	local patience=100 extra=()
	other=$((PGPORT == 5432 ? 5433 : 5432))
	standby=$work/cluster.$round
	if [ -n "$small" ]; then
		extra=(--waldir "$small/wal/$other" --tablespace-mapping="$small/data/$PGPORT=$small/data/$other")
	fi
	pg_basebackup -D "$standby" -X stream -c fast --no-sync "${extra[@]}" >/dev/null
	: >"$standby/standby.signal"
	echo "primary_conninfo = 'host=$sockets port=$PGPORT user=postgres application_name=standby'" \
		>>"$standby/postgresql.auto.conf"
	PGPORT=$other pg_ctl -D "$standby" -l "$standby.log" -o "-p $other" -w -s start
	as_superuser -c "ALTER SYSTEM SET synchronous_standby_names = 'standby'" -c 'SELECT pg_reload_conf()' >/dev/null
	until [ "$(as_superuser -c "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")" = 1 ]; do
		[ $((patience--)) != 0 ] || die "no standby"
		sleep 0.1
	done
	echo "port = $other" >>"$standby/postgresql.conf"
}

# ---- a clock that is stepped

faketime=$(compgen -G '/usr/lib/*/faketime/libfaketime.so.1' | head -n 1)
set_clock() {
	echo "$1" >"$work/clock.new"
	mv "$work/clock.new" "$work/clock"
}
fault_clock() {
	local step late=$((SECONDS + seconds))
	while ((SECONDS < late)); do
		step=$((RANDOM % 14400 - 7200))
		set_clock "$(printf '%+d' "$step")"
		faults=$((faults + 1))
		sleep 0.7
	done
	set_clock +0
}
fake_the_clock() {
	pg_ctl -D "$data" -m fast -s stop
	set_clock +0
	start_server env LD_PRELOAD="$faketime" FAKETIME_TIMESTAMP_FILE="$work/clock" \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 || die "no server with libfaketime"
}
trust_the_clock() {
	pg_ctl -D "$data" -m fast -s stop
	start_server || die "no server"
}

# ---- a round

# One round of $kind; adds a line to $work/rounds.
one_round() {
	local label=r faults=0 clock=false environment=() result
	round=$((round + 1))
	case $kind in
		standby) make_standby ;;
		timeout) environment=(TORTURE_TIMEOUTS=1) ;;
		lie) environment=(TORTURE_LIE=1) ;;
		clock)
			fake_the_clock
			label=clock clock=true environment=(TORTURE_CLOCK=1)
			;;
	esac
	start_clients "${environment[@]}"
	if [ "$kind" = lie ]; then let_be "$seconds"; else "fault_$kind"; fi
	heal
	stop_clients
	[ "$kind" != clock ] || trust_the_clock
	verify "$round" "$label${round}x" "$clock"
	read -r -a result < <(tail -n 1 "$work/verified")
	[ "${#result[@]}" = 6 ] || die "round $round could not be verified: $(cat "$work/verified")"
	[ "$kind" != timeout ] || faults=${result[5]}
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$kind" "$faults" "${result[@]:0:5}" >>"$work/rounds"
	printf 'round %3d  %-12s faults %4d  acknowledged %5d  lost %d  duplicated %d  half done %d  wrong %d\n' \
		"$round" "$kind" "$faults" "${result[@]:0:5}"
	sed '$d' "$work/verified" >&2
}

# verify ROUND PREFIX CLOCK: what is amiss, and the counts, in $work/verified.
verify() {
	local ledger=$work/ledger/people.$1
	[ -e "$ledger" ] || : >"$ledger"
	as_superuser -F ' ' -v people="$ledger" -v relays="$work/ledger/relays" -v round="$2" -v clock="$3" \
		-f "$top/test/torture/verify.sql" >"$work/verified" 2>&1 || true
}

check_storage() {
	pg_amcheck -d torture --heapallindexed >"$work/amcheck" 2>&1 || {
		cat "$work/amcheck" >&2
		return 1
	}
}
