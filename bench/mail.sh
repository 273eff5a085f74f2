# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures what has to do with mail. (What
# the one sets, the other reads; dollars are of SQL and awk.)

mails=2000       # in a round of relay and claim
latencies=30     # mails in a round of mail-latency
samples=250      # of each class in a round of known-unknown
hashed=250       # the same, where a password is verified each time
pause=300        # milliseconds in which everything comes to rest after a mail
if [ "$quick" = true ]; then mails=500 latencies=7 hashed=40; fi

relay=

stop_relay() {
	[ -n "$relay" ] || return 0
	kill "$relay" 2>/dev/null || true
	wait "$relay" 2>/dev/null || true
	relay=
}
last_words() { stop_relay; }

# No mail and no request is left, nor what they have taken up.
empty_outbox() {
	sql -c 'SET users.allow_drop = on' -c 'TRUNCATE users.mail, users.link, users.mail_request' >"$work/output"
}

# addresses NAME COUNT: NAME1@example.com and so on.
addresses() {
	local i
	for ((i = 1; i <= $2; i++)); do printf '%s%d@example.com\n' "$1" "$i"; done
}

# So many mails are asked for, each to an address of its own.
ask_for_mails() {
	[ "$(sql -c "SELECT count(*) FROM generate_series(1, $mails) AS i,
			LATERAL users_request_registration('stranger' || i || '@example.com') AS r
			WHERE r.status = 'accepted'")" = "$mails" ] ||
		die "not all mails could be asked for"
}

# A mail server with nothing in it, the same for both sides; with a log if
# anything is given.
new_mail_server() {
	stop_mail_server
	rm -rf "$work/mail" "$work/mail.accepted"
	start_mail_server "$work/mail" ${1:+--log "$work/mail.accepted"}
}

# What a mail of this kind says, as bench/smtp.c reads it.
take_sample() { # FUNCTION ADDRESS
	local part
	empty_outbox
	sql -c 'SET client_min_messages = warning' -c 'DROP TABLE IF EXISTS sample' -c "SELECT status FROM $1('$2')" \
		-c 'CREATE TABLE sample AS SELECT * FROM users_claim_mail(1)' >"$work/output"
	for part in subject body_text body_html; do
		# psql adds the last newline; lines of a mail end with CRLF.
		sql -c "SELECT $part FROM sample" | head -c -1 | sed -z 's/\n/\r\n/g' >"$work/sample.${part#body_}"
		[ -s "$work/sample.${part#body_}" ] || die "there is no mail to take as a sample"
	done
	empty_outbox
}

# relay_with ARGUMENT...: the relay's command line in $command.
relay_with() {
	command=(env USERS_MAIL_DATABASE="host=$sockets dbname=bench user=mailer"
		USERS_MAIL_SMTP_URL="smtp://127.0.0.1:$mail_port" USERS_MAIL_SMTP_TLS=off
		USERS_MAIL_FROM='Example <accounts@example.org>' "$top/relay/users-mail-relay" "$@")
}

# ---- relay: mails a second

# clocked COMMAND...: sends all, and all have arrived, of the same size.
clocked() {
	local began=$EPOCHREALTIME ended arrived size
	run "$@"
	ended=$EPOCHREALTIME
	value=$(awk "BEGIN {print $mails / ($ended - $began)}")
	read -r arrived size < <(find "$work/mail/new" -type f -printf '%s\n' |
		awk '{sum += $1} END {print NR, int(sum / NR)}')
	[ "$arrived" = "$mails" ] || die "$arrived of $mails mails have arrived"
	: "${mail_size:=$size}"
	((size - mail_size < 10 && mail_size - size < 10)) ||
		die "the mails of both sides are not alike: $mail_size and $size bytes"
}
bare_mails() {
	new_mail_server
	clocked "$work/smtp" "smtp://127.0.0.1:$mail_port" "$work/sample" "$work/strangers" 0
}
relay_mails() {
	empty_outbox
	ask_for_mails
	new_mail_server
	relay_with --once
	clocked "${command[@]}"
	[ "$(sql -c "SELECT count(*) FROM users.mail WHERE state = 'sent'")" = "$mails" ] ||
		die "not all mails are settled"
}

# ---- mail-latency

# accepted_after FILE: its lines begin with an address and the time when a mail
# to it was asked for; the median until it was accepted.
accepted_after() {
	local patience=100
	until [ "$(wc -l <"$work/mail.accepted")" -ge "$latencies" ]; do
		[ $((patience--)) != 0 ] || die "mails do not arrive"
		sleep 0.1
	done
	value=$(awk '
			NR == FNR {began[$1] = $2; next}
			$3 in began {print ($1 - began[$3]) * 1000; delete began[$3]}' "$1" "$work/mail.accepted" |
		sort -n | awk -v wanted="$latencies" '
			{ms[NR] = $1}
			END {if (NR == wanted) print (ms[int((NR + 1) / 2)] + ms[int(NR / 2) + 1]) / 2}')
	[ -n "$value" ] || die "not all mails have arrived"
}
bare_mail_latency() {
	new_mail_server log
	run "$work/smtp" "smtp://127.0.0.1:$mail_port" "$work/sample" "$work/known" "$pause"
	accepted_after "$work/output"
}
relay_latency() {
	local patience=100
	empty_outbox
	new_mail_server log
	relay_with
	rm -f "$work/relay.log"
	"${command[@]}" >"$work/relay.log" 2>&1 </dev/null &
	relay=$!
	until grep -qs 'database: connected' "$work/relay.log"; do
		[ $((patience--)) != 0 ] || die "the relay does not start: $(cat "$work/relay.log")"
		sleep 0.1
	done
	sleep 0.5
	run as_pool "$work/asked" "$work/ask" commit 'SELECT status FROM users_request_reset($1)' accepted "$pause"
	sed 's/^[^ ]* //' "$work/output" >"$work/began"
	accepted_after "$work/began"
	stop_relay
}
# as_pool FILE COMMAND...: in a session of nobody, with FILE as its input.
as_pool() {
	PGDATABASE=bench PGUSER=pool PGOPTIONS="-c role=users_anon ${options:-}" "${@:2}" <"$1"
}

# ---- known-unknown; sets $note to the p value, too

# people NAME COUNT [PASSWORD]: an account for each address.
people() {
	sql -c "SELECT users_create_user('$1' || i || '@example.com', '$1' || i, 'Some', 'Body',
			${3:+password => '$3',} send_mail => false)
		FROM generate_series(1, $2) AS i
		WHERE NOT EXISTS (SELECT FROM users.identifier WHERE identifier = 'username:$1' || i)" >"$work/output"
}
# Whoever asks from elsewhere waits for no commit here, which would hide more
# than it shows.
known_unknown() { # SQL STATUS
	local options='-c synchronous_commit=off'
	empty_outbox
	shuf "$work/classes" >"$work/asked"
	run as_pool "$work/asked" "$work/ask" call "$1" "$2" 0
	"$work/compare" known unknown <"$work/output" >"$work/compared"
	read -r value baseline note <"$work/compared"
}
ask_reset() { known_unknown 'SELECT status FROM users_request_reset($1)' accepted; }
ask_registration() { known_unknown 'SELECT status FROM users_request_registration($1)' accepted; }
ask_login() { known_unknown "SELECT status FROM users_login(\$1, 'eight purple kettles sing')" invalid_credentials; }
# classes KNOWN COUNT: who is asked for; the names are equally long.
classes() {
	{
		addresses "$1" "$2" | sed 's/^/known /'
		addresses others "$2" | sed 's/^/unknown /'
	} >"$work/classes"
}

# ---- claim

one_update() {
	new_sessions
	PGOPTIONS='-c role=users_anon' by_count update.sql
}
claim_mails() {
	empty_outbox
	ask_for_mails
	by_count claim.sql -U mailer
	[ "$(sql -c "SELECT count(*) FROM users.mail WHERE state = 'sent'")" = "$mails" ] ||
		die "not all mails are settled"
}
# A client alone runs SCRIPT as often as there are mails.
by_count() { # SCRIPT ARGUMENT...
	bench "$1" -c 1 -j 1 -t "$mails" -D begun=0 -D left=0 "${@:2}"
	calculate '/^tps = / {print $3}'
}

measure_mail() { # FIGURE
	case $1 in
		relay)
			take_sample users_request_registration stranger1@example.com
			addresses stranger "$mails" >"$work/strangers"
			take_turns bare_mails relay_mails
			;;
		mail-latency)
			people known "$latencies"
			take_sample users_request_reset known1@example.com
			addresses known "$latencies" >"$work/known"
			sed 's/^/known /' "$work/known" >"$work/asked"
			take_turns bare_mail_latency relay_latency
			;;
		known-unknown-login)
			people member "$hashed" "$password"
			classes member "$hashed"
			in_rounds ask_login
			;;
		known-unknown-*)
			people person "$samples"
			classes person "$samples"
			in_rounds "ask_${1#known-unknown-}"
			;;
		claim) take_turns one_update claim_mails ;;
	esac
}
