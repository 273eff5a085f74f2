# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures signing in by ticket. (What the
# one sets, the other reads; dollars are of awk.)

tickets=60 # in a round; they live ten seconds
if [ "$quick" = true ]; then tickets=24; fi

# in_backend FIRST MEASURED: statements that warm up and statements that count;
# sets $value, the milliseconds of CPU of the latter. $where: which server.
where=()
in_backend() {
	cat >"$work/ticket.sql" <<-SQL
		SET ROLE users_anon;
		$1
		SELECT pg_backend_pid() AS pid \gset
		\setenv BACKEND :pid
		\set before \`cat /proc/\$BACKEND/schedstat\`
		$2
		\set after \`cat /proc/\$BACKEND/schedstat\`
		\echo cpu :before
		\echo cpu :after
	SQL
	run sql "${where[@]}" -U pool -v password="$password" -f "$work/ticket.sql"
	# Nanoseconds on a core come first.
	calculate '$1 == "cpu" {ms = $2 / 1e6 - ms} END {print ms}'
}

# make_tickets COUNT: COUNT tickets more in $work/tickets, and the CPU of all
# their hashes.
make_tickets() {
	local verify="FROM users_verify_password('client0', :'password');"
	in_backend "SELECT status $verify" "$(repeat "$1" "SELECT ticket $verify")"
	grep -xE '[A-Za-z0-9_-]{96}' "$work/output" >>"$work/tickets"
}

# All tickets that were made but one, which warms up; the CPU of one.
redeem() {
	local count
	count=$(wc -l <"$work/tickets")
	sed "s/.*/EXECUTE redeem ('&');/" "$work/tickets" >"$work/redeem"
	in_backend "PREPARE redeem AS SELECT status FROM users_login_ticket(\$1);
		$(head -n 1 "$work/redeem")" "$(tail -n +2 "$work/redeem")"
	[ "$(grep -cx ok "$work/output")" = "$count" ] || die "a ticket opened no session"
	value=$(awk -v value="$value" -v count="$count" 'BEGIN {print value / (count - 1)}')
}

ticket_cpu() {
	: >"$work/tickets"
	make_tickets $((tickets + 1))
	redeem
}

# Two standbys, started when they are needed, and stopped when they are not.
start_standbys() {
	local standby
	private_server # its programs
	for standby in one two; do
		mkdir "$sockets/$standby"
		pg_basebackup -D "$work/$standby" -c fast --write-recovery-conf --no-sync
		echo "unix_socket_directories = '$sockets/$standby'" >>"$work/$standby/postgresql.conf"
		pg_ctl -D "$work/$standby" -l "$work/$standby.log" -w -s start || {
			tail -n 20 "$work/$standby.log" >&2
			die "a standby did not start"
		}
	done
}
stop_standbys() {
	local standby
	for standby in one two; do
		pg_ctl -D "$work/$standby" -m fast -s stop
		rm -r "${work:?}/$standby" "${sockets:?}/$standby"
	done
}

# Milliseconds of CPU that the processes of the primary have had which stay.
primary_cpu() {
	local pids pid
	mapfile -t pids < <(pgrep -P "$(head -n 1 "$work/data/postmaster.pid")")
	for pid in "${pids[@]}"; do cat "/proc/$pid/schedstat" 2>/dev/null || true; done |
		awk '{sum += $1} END {print sum / 1e6}'
}

# Sign-ins that two standbys hash: the CPU of all three servers for one, and of
# the primary.
on_standbys() {
	local before hashed=() standby
	: >"$work/tickets"
	before=$(primary_cpu)
	for standby in one two; do
		where=(-h "$sockets/$standby")
		make_tickets $((tickets / 2))
		hashed+=("$value")
	done
	where=()
	redeem
	value=$(awk -v count="$tickets" -v before="$before" -v after="$(primary_cpu)" -v redeemed="$value" \
		'BEGIN {print (after - before) / count + redeemed}')
	baseline=$(awk -v count="$tickets" -v one="${hashed[0]}" -v two="${hashed[1]}" -v primary="$value" \
		'BEGIN {print (one + two) / count + primary}')
}

measure_ticket() { # FIGURE
	case $1 in
		ticket-redeem) take_turns bare_cpu ticket_cpu ;;
		ticket-primary)
			start_standbys
			in_rounds on_standbys
			stop_standbys
			;;
	esac
}
