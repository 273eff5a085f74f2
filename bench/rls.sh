# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures row-level security. (What the
# one sets, the other reads; dollars are of awk.)

reads=20       # of ten domains, or of single objects, in a round
all_reads=3    # of all rows
row_calls=2    # of a policy that calls a function a row
inserts=2      # of 100,000 rows
if [ "$quick" = true ]; then reads=5 all_reads=1 row_calls=1 inserts=1; fi
if [ "$rows" -gt 3000000 ]; then reads=5 all_reads=1; fi

# The tables, made when the first figure of the group is measured.
prepare_rls() {
	[ "$(sql -c "SELECT to_regclass('rls.ready') IS NULL")" = t ] || return 0
	run sql -v password="$password" -v rows="$rows" -f bench/rls.sql
}

# member NAME: signs NAME in for what comes.
member() {
	token=$(sql -v password="$password" -v name="$1" \
		<<<"SELECT access_token FROM users_login(:'name', :'password') WHERE status = 'ok'")
	[ -n "$token" ] || die "$1 cannot sign in"
	who=$1
}

# timed COUNT RESULT STATEMENT: milliseconds of one STATEMENT by the member,
# which must answer RESULT, after one that tells its plan. before is what a
# superuser runs first; workers, how many the plan must have had.
before=
workers=0
timed() {
	cat >"$work/rls.sql" <<-SQL
		BEGIN;
		SELECT users_authenticate(:'token');
		SELECT given FROM rls.member WHERE name = '$who' \gset
		SET LOCAL max_parallel_workers_per_gather = $workers;
		EXPLAIN (ANALYZE, COSTS off, TIMING off) $3
		\timing on
		$(repeat "$1" "$3")
		\timing off
		ROLLBACK;
	SQL
	[ -z "$before" ] || sql -c "$before" >"$work/output"
	run sql -U pool -v token="$token" -f "$work/rls.sql"
	[ "$workers" = 0 ] || grep -q "Workers Launched: $workers\$" "$work/output" || die "not as many workers as wanted"
	mean "$1" "$2"
}
mean() { # COUNT RESULT
	calculate '
		$0 == "'"$2"'" {complete++}
		/^Time: / {sum += $2}
		END {if (complete == '"$1"') print sum / '"$1"'}'
}

by_array() { timed "$count" "$result" "SELECT count(name) FROM rls.$plain WHERE $column = ANY (:'given'::uuid[]);"; }
by_policy() { timed "$count" "$result" "SELECT count(name) FROM rls.$table;"; }

# ---- rls-parallel

# gain FUNCTION: what it measures, over the same with workers.
gain() {
	local alone
	"$1"
	alone=$value
	workers=2 "$1"
	value=$(awk "BEGIN {print $alone / $value}")
}
gain_by_array() { gain by_array; }
gain_by_policy() { gain by_policy; }

# ---- rls-in-1000, rls-function-10

# The same table on both sides, its own policy being off and on.
by_array_alone() {
	before="ALTER TABLE rls.$plain DISABLE ROW LEVEL SECURITY"
	by_array
	before=
}
by_own_policy() {
	before="ALTER TABLE rls.$plain ENABLE ROW LEVEL SECURITY"
	by_policy
	sql -c "ALTER TABLE rls.$plain DISABLE ROW LEVEL SECURITY"
	before=
}
own_policy() { # EXPRESSION
	sql -c 'SET client_min_messages = warning' -c "DROP POLICY IF EXISTS own ON rls.$plain" \
		-c "CREATE POLICY own ON rls.$plain FOR SELECT TO users_member USING ($1)"
}

# ---- rls-can: a superuser asks the tables, which have policies of their own

by_join() {
	cat >"$work/rls.sql" <<-SQL
		SELECT user_id FROM rls.member WHERE name = '$who' \gset
		\timing on
		$(repeat "$count" "SELECT count(*) FILTER (WHERE p.domain_id IN (
			SELECT a.domain_id FROM users.role_assignment a JOIN users.role r ON r.id = a.role_id JOIN users.domain d ON d.id = a.domain_id
			 WHERE a.user_id = :'user_id' AND a.object_type = ''
			   AND d.status = 'enabled' AND r.permissions && '{device:read,device:*}')) FROM rls.plain p;")
		\timing off
	SQL
	run sql -f "$work/rls.sql"
	mean "$count" "$result"
}
by_can() { timed "$count" "$result" "SELECT count(*) FILTER (WHERE users_can('device:read', domain_id)) FROM rls.plain;"; }

# ---- rls-insert: what was rolled back goes, so that every round meets the same

insert_into() { # TABLE
	local statement="INSERT INTO rls.$1 SELECT * FROM rls.fresh"
	cat >"$work/rls.sql" <<-SQL
		BEGIN;
		SELECT users_authenticate(:'token');
		$statement LIMIT 1;
		ROLLBACK;
		$(for ((i = 0; i < inserts; i++)); do
			cat <<-TURN
				BEGIN;
				SELECT users_authenticate(:'token');
				\timing on
				$statement;
				\timing off
				\echo :ROW_COUNT
				ROLLBACK;
			TURN
		done)
	SQL
	run sql -U pool -v token="$token" -f "$work/rls.sql"
	mean "$inserts" 100000
	sql -c "VACUUM rls.$1"
}
insert_plain() { insert_into plain; }
insert_protected() { insert_into device; }

measure_rls() { # FIGURE
	prepare_rls
	# What differs is said below: the member, what is read, how often and with
	# how many rows as a result.
	plain=plain table=device column=domain_id
	case $1 in
		rls-1)
			member one
			count=$((reads * 10)) result=$((rows / 1000))
			take_turns by_array by_policy
			;;
		rls-10)
			member ten
			count=$reads result=$((rows / 100))
			take_turns by_array by_policy
			;;
		rls-1000)
			member thousand
			count=$all_reads result=$rows
			take_turns by_array by_policy
			;;
		rls-parallel)
			member thousand
			count=$all_reads result=$rows
			take_turns gain_by_array gain_by_policy
			;;
		rls-in-1000)
			member thousand
			count=$all_reads result=$rows table=plain
			own_policy 'domain_id IN (SELECT m.domain_id FROM rls.membership m WHERE m.user_id = (SELECT users_current_user_id()))'
			take_turns by_array_alone by_own_policy
			;;
		rls-function-10)
			member ten
			count=$row_calls result=1000 plain=tenth table=tenth
			own_policy 'rls.may_read(domain_id)'
			take_turns by_array_alone by_own_policy
			;;
		rls-objects)
			member guest
			count=$reads result=10000 column=id
			take_turns by_array by_policy
			;;
		rls-can)
			member ten
			count=$all_reads result=$((rows / 100))
			take_turns by_join by_can
			;;
		rls-insert)
			member thousand
			take_turns insert_plain insert_protected
			;;
	esac
}
