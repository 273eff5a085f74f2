# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# How script/bench, which sources this, measures importing. (What the one sets,
# the other reads; dollars are of awk.)

import_rows=100000
if [ "$quick" = true ]; then import_rows=20000; fi

# The table to import and its file, made when the figure is measured.
prepare_import() {
	[ "$(sql -c "SELECT to_regclass('import.ready') IS NULL")" = t ] || return 0
	run sql -v rows="$import_rows" -v file="$work/import.copy" -f bench/import.sql
}

# import_by RESULT STATEMENT: rows a second. What was rolled back goes, so that
# every round meets the same.
import_by() {
	cat >"$work/import.sql" <<-SQL
		BEGIN;
		\timing on
		$2;
		\timing off
		\echo rows :ROW_COUNT
		SELECT 'there', $1;
		ROLLBACK;
		VACUUM users.person_id, users.account, users.person, users.credential, users.identifier, import.plain;
	SQL
	run sql -f "$work/import.sql"
	calculate '
		$0 == "there|'"$import_rows"'" {complete++}
		/^Time: / {rate = '"$import_rows"' * 1000 / $2}
		END {if (complete) print rate}'
}
import_by_copy() { import_by "(SELECT count(*) FROM import.plain)" "COPY import.plain FROM '$work/import.copy'"; }
import_by_function() {
	import_by "(SELECT count(*) FROM users.account a JOIN import.staging s ON s.id = a.user_id)" \
		"SELECT * FROM users_import_from('import.staging')"
}

measure_import() {
	prepare_import
	take_turns import_by_copy import_by_function
}
