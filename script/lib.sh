# shellcheck shell=bash
# What the scripts beside this file share. Sourced, never run.
#
# Each of them works in a folder of its own: a copy of the sources and of the
# installed PostgreSQL, into which the extension is installed. Nothing is
# written in the checkout or in the system's folders, no port is opened, and a
# server of somebody else's is never met.

set -euo pipefail
umask 022
unset CDPATH TAR_OPTIONS BASH_ENV ENV

# The environment may be anybody's; what is needed comes from the system.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
me=$(basename "$0")

# Newest first; what src/pg.h knows.
majors=(18 17 16 15)

# Handed on to the work folder, if set. A script may add to it.
passed_on=(PG_MAJOR KEEP CI JOBS WERROR ASSERTS COPT SANITIZE TERM POSTGREST_BIN)

say() { printf '%s: %s\n' "$me" "$*"; }
die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

# Prints PG_MAJOR, or the newest major version that is installed, with the
# server's headers if there is a choice.
find_major() {
	local major
	if [ -n "${PG_MAJOR:-}" ]; then
		[[ " ${majors[*]} " == *" $PG_MAJOR "* ]] ||
			die "PG_MAJOR is '$PG_MAJOR', and must be one of: ${majors[*]}"
		echo "$PG_MAJOR"
		return
	fi
	for major in "${majors[@]}"; do
		if [ -x "/usr/lib/postgresql/$major/bin/postgres" ] &&
			[ -e "/usr/include/postgresql/$major/server/postgres.h" ]; then
			echo "$major"
			return
		fi
	done
	for major in "${majors[@]}"; do
		if [ -x "/usr/lib/postgresql/$major/bin/postgres" ]; then
			echo "$major"
			return
		fi
	done
	return 1
}

# ---- the work folder

# Whether this runs in the copy already.
at_work() { [ -n "${USERS_WORK:-}" ] && [ "$top" = "$USERS_WORK/src" ]; }

# enter NAME ARGUMENT...: goes on with script/NAME in a copy of the sources, as
# a user who may run PostgreSQL; returns there, with $work set.
enter() {
	local name=$1 base variable
	shift
	if at_work; then
		inside
		return
	fi

	local major as=()
	major=$(find_major) || die "no PostgreSQL ${majors[-1]} to ${majors[0]} is installed"
	# PostgreSQL refuses to run as root; its packages make this user. Unlike
	# runuser, setpriv leaves no process between us and a signal.
	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --reuid=postgres --regid=postgres --init-groups --)
	fi

	work=
	trap 'give_up' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	for base in "${TMPDIR:-/tmp}" /tmp; do
		# make splits names at spaces.
		[[ $base =~ ^/[A-Za-z0-9/._-]*$ ]] || continue
		if work=$("${as[@]}" mktemp -d "${base%/}/users.XXXXXX" 2>/dev/null); then
			break
		fi
	done
	[ -n "$work" ] || die "cannot make a folder in ${TMPDIR:-/tmp}"
	"${as[@]}" mkdir "$work/src" "$work/tmp"
	list_sources | tar -C "$top" --null -T - -cf - | "${as[@]}" tar -C "$work/src" -xf -
	take_along "${as[@]}"

	local environment=(PATH="$PATH" LC_ALL="$LC_ALL" HOME="$work"
		PG_MAJOR="$major" USERS_WORK="$work" USERS_OWNER=$$)
	for variable in "${passed_on[@]}"; do
		[ "$variable" = PG_MAJOR ] || [ -z "${!variable:-}" ] ||
			environment+=("$variable=${!variable}")
	done
	cd "$work/src"
	exec env -i "${environment[@]}" "${as[@]}" bash "$work/src/script/$name" "$@"
}

# Nothing has been started yet.
give_up() {
	local status=$?
	rm -rf "$work"
	if declare -F last_words >/dev/null; then last_words "$status"; fi
}

# The names of the files that are tracked or could be, each ended by a NUL.
list_sources() {
	local file
	cd "$top"
	if [ -e .git ] && command -v git >/dev/null; then
		env -i PATH="$PATH" git -c safe.directory="$top" \
			ls-files -z --cached --others --exclude-standard
	else
		find . -name .git -prune -o -type f ! -name '*.o' ! -name '*.so' ! -name '*.bc' -print0
	fi |
		while IFS= read -r -d '' file; do
			if [ -e "$file" ]; then printf '%s\0' "$file"; fi
		done
}

# A script that needs files from outside the checkout copies them to $work
# here; the arguments are the command that writes as the right user.
take_along() { :; }

inside() {
	work=$USERS_WORK
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# A socket's path has about a hundred characters.
	sockets=$work/tmp
	if [ "${#work}" -gt 40 ]; then
		sockets=$(mktemp -d /tmp/users.XXXXXX)
	fi
	export TMPDIR=$sockets
	JOBS=${JOBS:-2}
}

# ---- leaving

job=
keep= # what stays of the work folder: nothing, the entry of this name, or all

# in_job COMMAND...: runs it in a process group of its own, so that all of it
# ends when this script is told to.
in_job() {
	local status=0
	set -m
	"$@" </dev/null &
	job=$!
	set +m
	wait "$job" || status=$?
	job=
	return "$status"
}

# Ends every server whose data lies in a folder, or where a link right in it leads.
stop_servers() {
	local file
	find -H "$1" "$1"/* -name postmaster.pid -print 2>/dev/null | sort -u |
		while IFS= read -r file; do
			pg_ctl -D "$(dirname "$file")" -m fast -t 20 -s stop >/dev/null 2>&1 ||
				pg_ctl -D "$(dirname "$file")" -m immediate -s stop >/dev/null 2>&1 ||
				true
		done
}

clean_up() {
	local status=$?
	trap - EXIT
	trap '' HUP INT TERM
	if [ -n "$job" ]; then
		kill -TERM -- "-$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
	fi
	stop_mail_server
	cd /
	if [ "${USERS_OWNER:-}" != $$ ]; then
		# Part of a longer run, to which the folder belongs.
		if [ -n "${data:-}" ]; then stop_servers "$data"; fi
	elif [ "$keep" != all ]; then
		stop_servers "$work"
		find "$work" -mindepth 1 -maxdepth 1 ! -name "${keep:-/}" -exec rm -rf {} +
		rmdir "$work" 2>/dev/null || true
	fi
	[ "$sockets" = "$work/tmp" ] || [ "$keep" = all ] || rm -rf "$sockets"
	if declare -F last_words >/dev/null; then last_words "$status"; fi
	exit "$status"
}

# ---- the private server

# Copies the installed server into the work folder, beside those of other
# versions that are there. PostgreSQL finds its folders from where its programs
# lie, so `make install` and CREATE EXTENSION use the copy, and
# shared_preload_libraries does too.
private_server() {
	local root=$work/pg
	bin=$root/usr/lib/postgresql/$PG_MAJOR/bin
	export PG_CONFIG=$bin/pg_config PATH=$bin:$PATH
	[ -z "${SANITIZE:-}" ] || sanitize
	[ ! -e "$bin" ] || return 0
	mkdir -p "$root/usr/lib/postgresql" "$root/usr/share/postgresql" "$root/usr/include"
	cp -a "/usr/lib/postgresql/$PG_MAJOR" "$root/usr/lib/postgresql/"
	cp -a "/usr/share/postgresql/$PG_MAJOR" "$root/usr/share/postgresql/"
	ln -sfn /usr/include/postgresql "$root/usr/include/postgresql"
	[ "$("$PG_CONFIG" --sharedir)" = "$root/usr/share/postgresql/$PG_MAJOR" ] ||
		die "programs do not run in $work: set TMPDIR to a folder where they may"
	[ -z "${SANITIZE:-}" ] || sanitize_server
}

# ---- AddressSanitizer and UndefinedBehaviorSanitizer, in what is ours

# What is built from now on has them. Reports are written to $findings.
sanitize() {
	findings=$work/findings
	mkdir -p "$findings"
	export COPT="${COPT:-} -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
	export ASAN_OPTIONS=log_path=$findings/asan UBSAN_OPTIONS=print_stacktrace=1
	# Of code that the sanitizers make up, too.
	export WERROR=
}

sanitize_server() {
	mv "$bin/postgres" "$bin/postgres.real"
	cp "$top/test/sanitize/postgres" "$bin/postgres"
	gcc -std=gnu11 -Wall -Wextra -Werror -fPIC -shared -Wl,-z,initfirst \
		-o "$bin/postgres.first.so" "$top/test/sanitize/first.c"
}

# sanitizer_reports FOLDER...: prints what they found, in their own files and, since
# UBSan writes to stderr, in the logs in these folders; false if there is nothing.
sanitizer_reports() {
	grep -rhE -A 20 'ERROR: (Address|Leak)Sanitizer|: runtime error: ' "$findings" "$@" 2>/dev/null
}

# Builds the extension and the mail relay, and installs the extension into the
# private server, once.
build() {
	[ ! -e "$work/installed" ] || return 0
	make -C "$top" -s -j "$JOBS" with_llvm=no || return
	make -C "$top/relay" -s -j "$JOBS" || return
	make -C "$top" -s with_llvm=no install >"$work/install.log" || return
	: >"$work/installed"
}

# start_cluster NAME LINE...: a new cluster in $work/NAME with these lines of
# configuration, on a socket in $sockets.
start_cluster() {
	data=$work/$1
	shift
	initdb -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
		--no-instructions >"$work/initdb.log" 2>&1 || {
		cat "$work/initdb.log" >&2
		die "initdb failed"
	}
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$sockets'" "$@" \
		>>"$data/postgresql.conf"
	pg_ctl -D "$data" -l "$data.log" -w -s start || {
		tail -n 20 "$data.log" >&2
		die "the server did not start"
	}
	export PGHOST=$sockets PGUSER=postgres
}

stop_cluster() {
	pg_ctl -D "$data" -m fast -s stop
}

# ---- the private mail server

mail_server=
mail_port=

# start_mail_server MAILDIR ARGUMENT...: a mail server on a free port of
# loopback, $mail_port; with a certificate for --cert where none is there yet.
start_mail_server() {
	local maildir=$1 ready=$1.ready
	shift
	[ "${1:-}" != --cert ] || make_certificate "$2" "$4"
	mkfifo "$ready"
	/usr/bin/python3 "$top/test/lib/smtpd.py" "$maildir" "$@" >"$ready" 2>"$maildir.log" </dev/null &
	mail_server=$!
	# shellcheck disable=SC2034 # for who starts it
	read -r _ mail_port <"$ready" || die "the mail server did not start: $(cat "$maildir.log")"
	rm "$ready"
}

stop_mail_server() {
	[ -n "$mail_server" ] || return 0
	kill "$mail_server" 2>/dev/null || true
	wait "$mail_server" 2>/dev/null || true
	mail_server=
}

make_certificate() { # CERTIFICATE KEY
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-keyout "$2" -out "$1" -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
}
