#include "pg.h"

#include "caller.h"
#include "health.h"
#include "key.h"
#include "mail.h"
#include "protect.h"
#include "query.h"
#include "root.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(users_health);

/* Seconds. */
#define MAIL_OVERDUE 600

/* A check that is one statement: rows that it finds are what is wrong. */
typedef struct Check
{
	const char *name;
	const char *good;
	const char *bad; /* before the list of what was found */
	UsersQuery query;
} Check;

#define IS_OUR_TABLE(oid)                                                      \
	" EXISTS (SELECT FROM pg_catalog.pg_depend d, pg_catalog.pg_extension e"   \
	"  WHERE d.classid" EQ                                                     \
	"'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid" EQ oid            \
	"    AND d.deptype" EQ "'e' AND d.refobjid" EQ "e.oid AND e.extname" EQ    \
	"'users')"

/* clang-format off */
static Check checks[] = {
	{ "inheriting_logins",
	  "no login has a member's rights before it authenticates",
	  "these logins inherit users_member; run users_setup_login: ",
	  { .sql = "SELECT r.rolname FROM pg_catalog.pg_roles r"
			   " WHERE r.rolcanlogin AND NOT r.rolsuper"
			   "   AND NOT pg_catalog.pg_has_role(r.oid, 'users_dba', 'MEMBER')"
			   "   AND pg_catalog.pg_has_role(r.oid, 'users_member', 'USAGE') ORDER BY 1" } },
	{ "owner_members",
	  "nobody is a member of users_owner",
	  "members of users_owner own all accounts; revoke: ",
	  { .sql = "SELECT r.rolname FROM pg_catalog.pg_auth_members m, pg_catalog.pg_roles r"
			   " WHERE m.roleid" EQ "'users_owner'::pg_catalog.regrole AND r.oid" EQ "m.member ORDER BY 1" } },
	{ "foreign_objects",
	  "no trigger, rule or policy of others is on our tables, no function of theirs under our names",
	  "triggers, rules or policies of others on our tables, or functions under names of ours; drop: ",
	  { .sql = "SELECT f.name FROM ("
			   "  SELECT t.tgrelid, t.tgname FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal"
			   "  UNION ALL SELECT w.ev_class, w.rulename FROM pg_catalog.pg_rewrite w WHERE w.rulename" NE "'_RETURN'"
			   "  UNION ALL SELECT p.polrelid, p.polname FROM pg_catalog.pg_policy p"
			   "    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c, (VALUES"
			   "      ('object_place', 'users_listed'),"
			   "      ('audit_event', 'users_own'), ('audit_event', 'users_done'), ('audit_event', 'users_all'),"
			   "      ('session', 'users_own'), ('session', 'users_all'), ('language', 'users_listed'),"
			   "      ('theme', 'users_listed'), ('signing_key', 'users_all'), ('mail', 'users_all'),"
			   "      ('mail', 'users_relay'), ('mail_request', 'users_all'), ('mail_request', 'users_relay'),"
			   "      ('mail_template', 'users_all'), ('site', 'users_all'),"
			   "      ('domain', 'users_mine'), ('domain', 'users_all'), ('role', 'users_mine'), ('role', 'users_all'),"
			   "      ('role_assignment', 'users_own'), ('role_assignment', 'users_viewed'),"
			   "      ('role_assignment', 'users_rights_on_object'), ('role_assignment', 'users_rights_in_domain'),"
			   "      ('role_assignment', 'users_all'), ('person', 'users_own'), ('person', 'users_seen'),"
			   "      ('person', 'users_all'), ('object_type', 'users_listed'), ('permission', 'users_listed'),"
			   "      ('invitation', 'users_sent'), ('invitation', 'users_all')) v (relation, policy)"
			   "      WHERE c.oid" EQ "p.polrelid AND c.relname" EQ "v.relation AND p.polname" EQ "v.policy)"
			   " ) f (relation, name) WHERE" IS_OUR_TABLE("f.relation")
			   " UNION ALL SELECT p.proname FROM pg_catalog.pg_depend d, pg_catalog.pg_proc o, pg_catalog.pg_proc p"
			   "  WHERE d.refclassid" EQ "'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype" EQ "'e'"
			   "    AND d.refobjid" EQ "(SELECT e.oid FROM pg_catalog.pg_extension e WHERE e.extname" EQ "'users')"
			   "    AND d.classid" EQ "'pg_catalog.pg_proc'::pg_catalog.regclass AND o.oid" EQ "d.objid"
			   "    AND p.pronamespace" EQ "o.pronamespace AND p.proname" EQ "o.proname AND p.oid" NE "o.oid"
			   " ORDER BY 1" } },
	{ "foreign_keys",
	  "only users.person_id is referred to, and by uuid columns",
	  "their checks may run others' code as users_owner; drop: ",
	  { .sql = "SELECT c.conname FROM pg_catalog.pg_constraint c"
			   " WHERE c.contype" EQ "'f' AND" IS_OUR_TABLE("c.confrelid")
			   "   AND NOT" IS_OUR_TABLE("c.conrelid")
			   "   AND NOT (c.confrelid" EQ "'users.person_id'::pg_catalog.regclass"
			   "            AND EXISTS (SELECT FROM pg_catalog.pg_attribute a"
			   "                         WHERE a.attrelid" EQ "c.conrelid AND a.attnum" EQ "ALL (c.conkey)"
			   "                           AND a.atttypid" EQ "'pg_catalog.uuid'::pg_catalog.regtype)) ORDER BY 1" } },
	{ "table_grants",
	  "nobody else has rights on whole tables of ours",
	  "these have rights on our tables that we did not give; revoke: ",
	  { .sql = "SELECT DISTINCT coalesce(r.rolname, 'PUBLIC')::pg_catalog.text FROM pg_catalog.pg_class c"
			   "  CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a"
			   "  LEFT JOIN pg_catalog.pg_roles r ON r.oid" EQ "a.grantee"
			   " WHERE c.relkind" EQ "'r' AND" IS_OUR_TABLE("c.oid")
			   "   AND a.grantee" NE "c.relowner ORDER BY 1" } },
	{ "open_views",
	  "no view or definer function shows people the owner's rows of protected tables",
	  "these show their owner's rows; use security_invoker, or revoke them from users_member: ",
	  /* Views over views, and rules on tables, lead there too. */
	  { .sql = "WITH RECURSIVE step (source, relation) AS ("
			   "  SELECT w.ev_class, d.refobjid FROM pg_catalog.pg_depend d, pg_catalog.pg_rewrite w"
			   "   WHERE d.classid" EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" EQ "w.oid"
			   "     AND d.refclassid" EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid" NE "w.ev_class),"
			   " path (source, relation) AS (SELECT source, relation FROM step UNION"
			   "  SELECT p.source, s.relation FROM path p, step s WHERE s.source" EQ "p.relation)"
			   " SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, o.name) FROM ("
			   "  SELECT v.oid, v.relnamespace, v.relname, p.relation FROM path p, pg_catalog.pg_class v"
			   "    WHERE v.oid" EQ "p.source AND v.relkind" EQ "ANY ('{v,m,r,p}'::pg_catalog.\"char\"[])"
			   "      AND NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) x"
			   "        WHERE x.option_name" EQ "'security_invoker' AND x.option_value::pg_catalog.bool)"
			   "      AND (pg_catalog.has_any_column_privilege('users_member', v.oid, 'SELECT, INSERT, UPDATE')"
			   "           OR pg_catalog.has_table_privilege('users_member', v.oid, 'DELETE'))"
			   "  UNION ALL SELECT f.oid, f.pronamespace, f.proname, d.refobjid FROM pg_catalog.pg_depend d, pg_catalog.pg_proc f"
			   "    WHERE d.classid" EQ "'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid" EQ "f.oid AND f.prosecdef"
			   "      AND pg_catalog.has_function_privilege('users_member', f.oid, 'EXECUTE')"
			   "      AND d.refclassid" EQ "'pg_catalog.pg_class'::pg_catalog.regclass"
			   " ) o (oid, schema, name, relation), pg_catalog.pg_namespace n"
			   " WHERE n.oid" EQ "o.schema AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid" EQ "o.relation"
			   "   AND t.tgfoid" EQ "'users.guard_row'::pg_catalog.regproc) ORDER BY 1" } },
	{ "temporary_objects",
	  "PUBLIC may not make temporary objects here",
	  "they outlive an identity in a pooled session; REVOKE TEMPORARY ON DATABASE ... FROM PUBLIC: ",
	  { .sql = "SELECT b.datname FROM pg_catalog.pg_database b"
			   "  CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(b.datacl, pg_catalog.acldefault('d', b.datdba))) a"
			   " WHERE b.datname" EQ "pg_catalog.current_database()"
			   "   AND a.grantee" EQ "0::pg_catalog.oid AND a.privilege_type" EQ "'TEMPORARY'" } },
	{ "notification_queue",
	  "the queue of notifications is not filling up",
	  "more than half full: a session that listens sits in a transaction: ",
	  { .sql = "SELECT pg_catalog.pg_notification_queue_usage()::pg_catalog.text"
			   " WHERE pg_catalog.pg_notification_queue_usage()" GT "0.5::pg_catalog.float8" } },
	{ "statement_log",
	  "the server log does not show statements",
	  "passwords may reach the log before our functions begin; look at: ",
	  { .sql = "SELECT s.name FROM pg_catalog.pg_settings s"
			   " WHERE (s.name" EQ "'log_statement' AND s.setting" EQ "'all')"
			   "    OR (s.name" EQ "'log_min_duration_statement' AND s.setting" NE "'-1')"
			   "    OR (s.name" EQ "'log_min_duration_sample' AND s.setting" NE "'-1') ORDER BY 1" } },
	/* Parameters are shown only with statements, unless one fails. */
	{ "parameter_log",
	  "the server log does not show parameters or parsed statements",
	  "passwords and tokens may reach the log; look at: ",
	  { .sql = "SELECT s.name FROM pg_catalog.pg_settings s"
			   " WHERE (s.name" EQ "'log_parameter_max_length_on_error' AND s.setting" NE "'0')"
			   "    OR (s.name" EQ "ANY ('{debug_print_parse,debug_print_rewritten,debug_print_plan}'::pg_catalog.text[])"
			   "        AND s.setting" EQ "'on')"
			   "    OR (s.name" EQ "'log_parameter_max_length' AND s.setting" NE "'0'"
			   "        AND EXISTS (SELECT FROM pg_catalog.pg_settings t"
			   "                     WHERE (t.name" EQ "'log_statement' AND t.setting" EQ "'all')"
			   "                        OR (t.name" EQ "'log_transaction_sample_rate' AND t.setting" NE "'0')"
			   "                        OR (t.name" EQ "ANY ('{log_min_duration_statement,log_min_duration_sample}'::pg_catalog.text[])"
			   "                            AND t.setting" NE "'-1'))) ORDER BY 1" } },
	{ "bypass_rls",
	  "no role passes by the policies that hide rows from members",
	  "these see everybody's rows in every view; ALTER ROLE ... NOBYPASSRLS, or revoke users_member: ",
	  { .sql = "SELECT r.rolname FROM pg_catalog.pg_roles r"
			   " WHERE r.rolbypassrls AND NOT r.rolsuper"
			   "   AND pg_catalog.pg_has_role(r.oid, 'users_member', 'MEMBER') ORDER BY 1" } },
	/* Events are removed when they were readable for their time, which begins
	 * with a run of users_maintain. */
	{ "maintenance",
	  "nothing is kept for much longer than it should be",
	  "rows whose time is over are still there; run users_maintain() more often, see doc/monitoring.md: ",
	  { .sql = "SELECT o.name FROM ("
			   "  SELECT 'audit_event', (SELECT e.occurred_at FROM users.audit_event e ORDER BY e.occurred_at, e.id LIMIT 1),"
			   "         pg_catalog.current_setting('users.audit_retention')::pg_catalog.interval"
			   "  UNION ALL SELECT 'event_position',"
			   "         (SELECT e.occurred_at FROM users.audit_event e, (SELECT p.user_id, p.event_id"
			   "             FROM users.event_position p ORDER BY p.xid, p.event_id LIMIT 1) p"
			   "           WHERE e.user_id" EQ "p.user_id AND e.id" EQ "p.event_id),"
			   "         pg_catalog.current_setting('users.event_retention')::pg_catalog.interval OPERATOR(pg_catalog.*) 2::pg_catalog.float8"
			   " ) o (name, oldest, kept)"
			   " WHERE o.oldest" LT "(pg_catalog.now() OPERATOR(pg_catalog.-) o.kept OPERATOR(pg_catalog.-) '2 days'::pg_catalog.interval)" } },
};

static UsersQuery queries[] = {
	{ .sql = "SELECT 1 FROM pg_catalog.pg_auth_members m WHERE m.roleid" EQ
			 "'users_proxy'::pg_catalog.regrole" },
	{ .sql =
		  "SELECT 1 FROM users.signing_key WHERE activated_at IS NOT NULL AND retires_at IS NULL AND revoked_at IS NULL" },
};
/* clang-format on */

static void
report(ReturnSetInfo *result, const char *name, bool ok, const char *detail)
{
	Datum values[] = { CStringGetTextDatum(name), BoolGetDatum(ok),
					   CStringGetTextDatum(detail) };
	bool nulls[] = { false, false, false };

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Tables that users_protect has protected; at most ten of the faults. */
static void
check_protection(ReturnSetInfo *result)
{
	List *faults = users_protection_faults();
	StringInfoData text;
	ListCell *cell;

	if (faults == NIL)
	{
		report(result, "protected_tables", true,
			   "protected tables are as users_protect left them");
		return;
	}
	initStringInfo(&text);
	foreach (cell, faults)
	{
		if (foreach_current_index(cell) == 10)
		{
			appendStringInfoString(&text, "; ...");
			break;
		}
		appendStringInfo(&text, "%s%s", text.len > 0 ? "; " : "",
						 (char *) lfirst(cell));
	}
	report(result, "protected_tables", false,
		   psprintf("their owners call users_protect again: %s", text.data));
}

/* Runs a check and lists what it found, at most ten. */
static void
run_check(ReturnSetInfo *result, Check *check)
{
	uint64 count = users_read(&check->query, NULL, NULL);
	StringInfoData text;

	if (count == 0)
	{
		report(result, check->name, true, check->good);
		return;
	}
	initStringInfo(&text);
	appendStringInfoString(&text, check->bad);
	for (uint64 i = 0; i < Min(count, 10); i++)
		appendStringInfo(
			&text, "%s%s", i == 0 ? "" : ", ",
			SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	if (count > 10)
		appendStringInfoString(&text, ", ...");
	report(result, check->name, false, text.data);
}

static void
check_root_key(ReturnSetInfo *result)
{
	bool generated;
	bool missing;
	const char *trouble = users_root_trouble(&generated, &missing);

	if (trouble != NULL)
		report(result, "root_key", false,
			   psprintf("%s: nobody can sign in", trouble));
	else if (missing)
		report(
			result, "root_key", true,
			"none yet: made by users_setup_login, users_create_user or the first sign-in");
	else if (!generated)
		report(result, "root_key", true,
			   "in the key file; keep a copy of it apart from the dumps");
	else
		report(
			result, "root_key", false,
			users_settings.key_file[0] != '\0'
				? "in a table; users_renew_root_key() takes up the key file, and signs everybody out"
				: "in a table: whoever reads a dump can make tokens; see users.key_file");
}

static void
check_signing_key(ReturnSetInfo *result)
{
	bool found = users_read(&queries[1], NULL, NULL) > 0;

	report(
		result, "signing_key", found,
		found
			? "there is an active key"
			: "no active key; the next sign-in or users_rotate_key() makes one");
}

/* The relay polls every few seconds: what has waited for minutes has none. */
static void
check_mail(ReturnSetInfo *result)
{
	int64 failed;
	int64 overdue = users_mail_overdue(&failed);

	if (overdue > MAIL_OVERDUE)
		report(
			result, "mail", false,
			psprintf(
				"mail has waited for %lld s: is a mail relay running? its --check says what is wrong",
				(long long) overdue));
	else if (failed > 0)
		report(
			result, "mail", false,
			psprintf(
				"%lld mails have failed in a day; see users_outbox, users_retry_mail(id)",
				(long long) failed));
	else
		report(result, "mail", true, "no mail is waiting for long");
}

static void
check_client_address(ReturnSetInfo *result)
{
	bool known = users_settings.client_address_header[0] != '\0' ||
				 users_settings.trust_socket_address ||
				 users_read(&queries[0], NULL, NULL) > 0;

	report(
		result, "client_address", known,
		known
			? "client addresses are known"
			: "unknown: anybody can throttle anybody; see doc/operation.md, Throttle");
}

static void
check_server(ReturnSetInfo *result)
{
	report(result, "preload", users_preloaded,
		   users_preloaded
			   ? "loaded at server start"
			   : "add users to shared_preload_libraries and restart");
	report(result, "encoding", GetDatabaseEncoding() == PG_UTF8,
		   GetDatabaseEncoding() == PG_UTF8
			   ? "UTF8"
			   : "passwords and names are normalised in UTF8 databases only");
}

/* users_health() SETOF users_check_result */
Datum
users_health(PG_FUNCTION_ARGS)
{
	UsersCall call;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	users_begin(&call, "users_health", USERS_READS | USERS_ANYWHERE);
	users_require_administrator(&call);
	InitMaterializedSRF(fcinfo, 0);
	users_enter_owner(&call);
	check_server(result);
	check_root_key(result);
	check_signing_key(result);
	check_client_address(result);
	check_mail(result);
	check_protection(result);
	for (size_t i = 0; i < lengthof(checks); i++)
		run_check(result, &checks[i]);
	users_leave_owner(&call);
	PG_RETURN_VOID();
}

void
users_init_health(void)
{
	users_register_queries(queries, lengthof(queries));
	for (size_t i = 0; i < lengthof(checks); i++)
		users_register_queries(&checks[i].query, 1);
}
