#include <stdio.h>
#include <string.h>

#include "carrier.h"
#include "check.h"
#include "database.h"

typedef enum Mark
{
	MARK_OK,
	MARK_WARNING,
	MARK_FAILURE
} Mark;

static bool failed;

static void
report(Mark mark, const char *what, const char *said)
{
	static const char *const marks[] = {
		[MARK_OK] = "ok", [MARK_WARNING] = "warning", [MARK_FAILURE] = "FAILED"
	};

	printf("%-7s %s%s%s\n", marks[mark], what, *said == '\0' ? "" : ": ", said);
	(void) fflush(stdout);
	failed = failed || mark == MARK_FAILURE;
}

/* The one value of a query, appended; false after reporting. */
static bool
ask(Database *database, const char *what, const char *sql, const char *advice,
	Text *value)
{
	PGresult *result;
	Text problem = { 0 };
	bool good = database_run(database, sql, 0, NULL, &result, &problem);

	if (good && PQntuples(result) == 1)
		text_puts(value, PQgetvalue(result, 0, 0));
	if (!good)
	{
		text_format(&problem, "; %s", advice);
		report(MARK_FAILURE, what, text_get(&problem));
	}
	PQclear(result);
	text_wipe(&problem);
	return good;
}

/* Links travel on the connection. */
static void
check_encryption(const Database *database)
{
	const char *host = PQhost(database->conn);

	if (PQsslInUse(database->conn) || host == NULL || *host == '\0' ||
		*host == '/' || *host == '@' || strcmp(host, "localhost") == 0 ||
		strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0)
		return;
	report(MARK_WARNING, "database connection",
		   "not encrypted, and links pass through it; add sslmode=verify-full "
		   "to USERS_MAIL_DATABASE");
}

static bool
check_role(Database *database)
{
	static const char sql[] =
		"SELECT pg_catalog.concat_ws(', ',"
		" CASE WHEN r.rolsuper THEN 'is a superuser' END,"
		" CASE WHEN r.rolcreaterole THEN 'may make roles' END,"
		" CASE WHEN r.rolbypassrls THEN 'passes row-level security' END,"
		" (SELECT 'is a member of ' OPERATOR(pg_catalog.||)"
		"   pg_catalog.string_agg(g.rolname, ' ' ORDER BY g.rolname)"
		"  FROM pg_catalog.pg_roles g"
		"  WHERE NOT r.rolsuper AND g.rolname IN ('users_owner', 'users_dba',"
		"   'users_admin', 'users_service', 'users_member', 'users_anon')"
		"  AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')"
		"  HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0))"
		" FROM pg_catalog.pg_roles r"
		" WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER";
	Text rights = { 0 };
	bool good =
		ask(database, "database role", sql, "see the server's log", &rights);

	if (good && rights.len == 0)
		report(MARK_OK, "database role", "");
	else if (good)
	{
		Text line = { 0 };

		text_format(&line,
					"\"%s\" %s; the relay needs no more than a login of its "
					"own: CREATE ROLE mailer LOGIN IN ROLE users_relay",
					PQuser(database->conn), text_get(&rights));
		report(MARK_WARNING, "database role", text_get(&line));
		text_wipe(&line);
	}
	text_wipe(&rights);
	return good;
}

static bool
check_functions(Database *database)
{
	static const char advice[] =
		"the relay's login needs GRANT users_relay, inherited, and the "
		"extension's schema (USERS_MAIL_SCHEMA if it is not the one of CREATE "
		"EXTENSION)";
	Text sql = { 0 };
	Text value = { 0 };
	bool good;

	/* Nobody has this id; that it can be called is what counts. */
	text_format(&sql,
				"SELECT pg_catalog.has_function_privilege("
				"'%s.users_claim_mail(integer, interval)', 'EXECUTE')"
				" AND pg_catalog.has_function_privilege('%s.users_mail_failed("
				"uuid, text, boolean, interval)', 'EXECUTE') AND NOT"
				" %s.users_mail_sent('00000000-0000-0000-0000-000000000000')",
				text_get(&database->schema), text_get(&database->schema),
				text_get(&database->schema));
	good = ask(database, "database functions", text_get(&sql), advice, &value);
	if (good)
	{
		good = strcmp(text_get(&value), "t") == 0;
		report(good ? MARK_OK : MARK_FAILURE, "database functions",
			   good ? "" : advice);
	}
	text_wipe(&sql);
	text_wipe(&value);
	return good;
}

static void
check_database(const Settings *settings)
{
	Database database = { 0 };
	Text problem = { 0 };
	Text standby = { 0 };

	if (!database_connect(&database, settings, &problem))
	{
		text_puts(&problem, "; check USERS_MAIL_DATABASE");
		report(MARK_FAILURE, "database connection", text_get(&problem));
	}
	else if (ask(&database, "database connection",
				 "SELECT pg_catalog.pg_is_in_recovery()",
				 "see the server's log", &standby))
	{
		if (strcmp(text_get(&standby), "f") == 0)
			report(MARK_OK, "database connection", "");
		else
			report(MARK_FAILURE, "database connection",
				   "this is a standby; add target_session_attrs=read-write to "
				   "USERS_MAIL_DATABASE");
		check_encryption(&database);
		if (check_role(&database))
			(void) check_functions(&database);
	}
	database_close(&database);
	text_wipe(&problem);
	text_wipe(&standby);
}

static bool
report_try(bool good, const char *what, const Outcome *outcome)
{
	report(good ? MARK_OK : MARK_FAILURE, what, text_get(&outcome->advice));
	return good;
}

static void
check_carrier(const Settings *settings, char *const *arguments)
{
	Carrier carrier;
	Outcome outcome = { 0 };

	carrier_open(&carrier, settings, arguments);
	if (carrier.smtp == NULL)
		(void) report_try(carrier_probe(&carrier, &outcome), "program",
						  &outcome);
	else if (report_try(smtp_try_login(carrier.smtp, &outcome), "smtp login",
						&outcome))
		(void) report_try(smtp_try_sender(carrier.smtp, &outcome),
						  "smtp sender", &outcome);
	outcome_wipe(&outcome);
	carrier_close(&carrier);
}

int
check_run(const Options *options)
{
	Settings settings;
	Text problem = { 0 };

	if (settings_load(&settings, options->config, options->exec, &problem))
	{
		report(MARK_OK, "settings", "");
		check_database(&settings);
		check_carrier(&settings, options->arguments);
	}
	else
		report(MARK_FAILURE, "settings", text_get(&problem));
	settings_wipe(&settings);
	text_wipe(&problem);
	return failed ? 1 : 0;
}
