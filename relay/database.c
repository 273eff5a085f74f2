#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "clock.h"
#include "database.h"

/* Claiming may have thousands of requests to sort out first. */
#define STATEMENT_MS 60000

enum
{
	COLUMN_ID,
	COLUMN_KIND,
	COLUMN_RECIPIENT,
	COLUMN_RECIPIENT_NAME,
	COLUMN_SUBJECT,
	COLUMN_BODY_TEXT,
	COLUMN_BODY_HTML,
	COLUMN_MESSAGE_ID,
	COLUMN_ATTEMPT,
	COLUMN_SENDER,
	COLUMN_JSON
};

/* Errors whose message speaks of the connection, of rights or of the server's
 * state. Those of other classes can quote values. */
static bool
is_harmless(const char *sqlstate)
{
	static const char classes[] = "08 0A 25 28 3D 40 42 53 55 57 58 US";

	for (const char *at = classes; strlen(at) >= 2; at += at[2] ? 3 : 2)
	{
		if (strncmp(at, sqlstate, 2) == 0)
			return true;
	}
	return false;
}

static void
explain(Database *database, const PGresult *result, Text *problem)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (sqlstate == NULL)
	{
		/* libpq's own words: the connection is gone. */
		message = PQerrorMessage(database->conn);
		text_clean(problem, message, strcspn(message, "\n"));
		return;
	}
	if (message != NULL && is_harmless(sqlstate))
	{
		text_clean(problem, message, strlen(message));
		text_puts(problem, " ");
	}
	text_format(problem, "(SQLSTATE %s)", sqlstate);
}

bool
database_is_open(const Database *database)
{
	return database->conn != NULL;
}

void
database_close(Database *database)
{
	PQfinish(database->conn);
	database->conn = NULL;
	database->told = false;
	text_wipe(&database->schema);
	text_wipe(&database->claim);
	text_wipe(&database->sent);
	text_wipe(&database->failed);
}

/* Takes in what has arrived of an answer, until it is there. */
static bool
await_answer(PGconn *conn)
{
	long deadline = clock_now() + STATEMENT_MS;

	while (PQisBusy(conn))
	{
		struct pollfd file = { .fd = PQsocket(conn), .events = POLLIN };
		long left = deadline - clock_now();

		if (left <= 0)
			return false;
		if (PQflush(conn) == 1)
			file.events |= POLLOUT;
		/* A signal ends only this wait: the answer is needed. */
		if (clock_wait(&file, 1, left) > 0 && !PQconsumeInput(conn))
			break;
	}
	return true;
}

/* False, with the problem and the connection closed, if it broke. */
static bool
send_statement(Database *database, const char *sql, int n,
			   const char *const *values, Text *problem)
{
	if (PQsendQueryParams(database->conn, sql, n, NULL, values, NULL, NULL, 0))
		return true;
	text_puts(problem, "the connection is closed");
	database_close(database);
	return false;
}

/* The answer to what was sent; the same. */
static bool
take_answer(Database *database, PGresult **result, Text *problem)
{
	PGconn *conn = database->conn;
	ExecStatusType status;

	*result = NULL;
	if (!await_answer(conn))
		text_puts(problem, "no answer came in time");
	else
	{
		PGresult *end;

		*result = PQgetResult(conn);
		while (*result != NULL && (end = PQgetResult(conn)) != NULL)
			PQclear(end);
		status = PQresultStatus(*result);
		if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
			return true;
		explain(database, *result, problem);
	}
	PQclear(*result);
	*result = NULL;
	database_close(database);
	return false;
}

bool
database_run(Database *database, const char *sql, int n,
			 const char *const *values, PGresult **result, Text *problem)
{
	*result = NULL;
	return send_statement(database, sql, n, values, problem) &&
		   take_answer(database, result, problem);
}

/* ---- connecting */

static PGconn *
connect_with(const Settings *settings)
{
	/* What comes later counts more: the user's string over our defaults. */
	const char *keywords[] = { "application_name", "connect_timeout",
							   "keepalives_idle",  "keepalives_interval",
							   "keepalives_count", "tcp_user_timeout",
							   "dbname",		   "password",
							   "client_encoding",  NULL };
	const char *values[] = { "users-mail-relay",
							 "10",
							 "30",
							 "10",
							 "3",
							 "60000",
							 settings->database,
							 settings->database_password,
							 "UTF8",
							 NULL };

	/* NULL would skip our own, "" takes what libpq's environment says. */
	if (settings->database == NULL)
		values[6] = "";
	return PQconnectdbParams(keywords, values, 1);
}

/* Notices could quote values too. */
static void
ignore_notice(void *argument, const PGresult *result)
{
}

static bool
run_plain(Database *database, const char *sql, Text *problem)
{
	PGresult *result;
	bool good = database_run(database, sql, 0, NULL, &result, problem);

	PQclear(result);
	return good;
}

/* The extension's schema, unless a setting has it. Names are qualified: what
 * somebody put into a schema of the search path must not get the mails. */
static bool
find_schema(Database *database, const Settings *settings, Text *schema,
			Text *problem)
{
	static const char sql[] = "SELECT n.nspname FROM pg_catalog.pg_extension e"
							  " JOIN pg_catalog.pg_namespace n"
							  " ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
							  " WHERE e.extname OPERATOR(pg_catalog.=) 'users'";
	PGresult *result;

	if (settings->schema != NULL)
	{
		text_puts(schema, settings->schema);
		return true;
	}
	if (!database_run(database, sql, 0, NULL, &result, problem))
		return false;
	if (PQntuples(result) == 1)
		text_puts(schema, PQgetvalue(result, 0, 0));
	PQclear(result);
	if (schema->len > 0)
		return true;
	text_format(problem,
				"the extension users is not in the database \"%s\": CREATE "
				"EXTENSION there, or name another in USERS_MAIL_DATABASE",
				PQdb(database->conn));
	return false;
}

static bool
write_statements(Database *database, const Settings *settings, Text *problem)
{
	Text schema = { 0 };
	char *quoted = NULL;

	if (find_schema(database, settings, &schema, problem))
		quoted =
			PQescapeIdentifier(database->conn, text_get(&schema), schema.len);
	text_wipe(&schema);
	if (quoted == NULL)
		return false;
	text_puts(&database->schema, quoted);
	text_format(&database->claim,
				"SELECT m.id, m.kind, m.recipient, m.recipient_name, m.subject,"
				" m.body_text, m.body_html, m.message_id, m.attempt, m.sender%s"
				" FROM %s.users_claim_mail($1::pg_catalog.int4,"
				" $2::pg_catalog.interval) m",
				settings->exec == NULL
					? ""
					: ", pg_catalog.to_jsonb(m)::pg_catalog.text",
				quoted);
	text_format(&database->sent,
				"SELECT %s.users_mail_sent($1::pg_catalog.uuid)", quoted);
	text_format(&database->failed,
				"SELECT %s.users_mail_failed($1::pg_catalog.uuid,"
				" $2::pg_catalog.text, $3::pg_catalog.bool,"
				" $4::pg_catalog.interval)",
				quoted);
	PQfreemem(quoted);
	return true;
}

bool
database_connect(Database *database, const Settings *settings, Text *problem)
{
	database_close(database);
	database->conn = connect_with(settings);
	if (PQstatus(database->conn) != CONNECTION_OK)
	{
		const char *message = PQerrorMessage(database->conn);

		text_clean(problem, message, strcspn(message, "\n"));
		database_close(database);
		return false;
	}
	PQsetNoticeReceiver(database->conn, ignore_notice, NULL);
	if (run_plain(database, "SET search_path TO pg_catalog, pg_temp",
				  problem) &&
		run_plain(database, "SET statement_timeout TO '55s'", problem) &&
		run_plain(database, "LISTEN users_mail", problem) &&
		write_statements(database, settings, problem))
		return true;
	database_close(database);
	return false;
}

/* ---- mails */

bool
database_claim(Database *database, const Settings *settings, int most,
			   Batch *batch, Text *problem)
{
	Text batch_size = { 0 };
	Text lease = { 0 };
	const char *values[2];
	bool good;

	batch_wipe(batch);
	text_number(&batch_size, most);
	text_format(&lease, "%d seconds", settings->lease);
	values[0] = text_get(&batch_size);
	values[1] = text_get(&lease);
	/* It began no earlier. */
	batch->deadline = clock_now() + settings->lease * 1000L;
	good = database_run(database, text_get(&database->claim), 2, values,
						&batch->rows, problem);
	batch->count = good ? PQntuples(batch->rows) : 0;
	text_wipe(&batch_size);
	text_wipe(&lease);
	return good;
}

bool
database_tell(Database *database, const Verdict *verdict, Text *problem)
{
	bool sent = verdict->result == RESULT_SENT;
	/* Without an error it was not tried. */
	const char *values[4] = { verdict->id,
							  verdict->put_back ? NULL : verdict->error,
							  verdict->result == RESULT_FAILED ? "t" : "f",
							  verdict->put_back ? "0" : NULL };

	database->told = send_statement(
		database, text_get(sent ? &database->sent : &database->failed),
		sent ? 1 : 4, values, problem);
	return database->told;
}

bool
database_hear(Database *database, bool *known, Text *problem)
{
	PGresult *result;

	if (!take_answer(database, &result, problem))
		return false;
	database->told = false;
	*known = PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] == 't';
	PQclear(result);
	return true;
}

/* Forgets the notifications that have come; whether there was one of somebody
 * else: what we have caused ourselves, by claiming, we claim next anyway.
 * Anybody can send them, so what they say is of no interest. */
static bool
take_hints(Database *database)
{
	bool any = false;
	PGnotify *hint;

	while ((hint = PQnotifies(database->conn)) != NULL)
	{
		any = any || hint->be_pid != PQbackendPID(database->conn);
		PQfreemem(hint);
	}
	return any;
}

bool
database_wait(Database *database, long ms)
{
	struct pollfd file = { .fd = PQsocket(database->conn), .events = POLLIN };

	/* One may have come with the answer to the last statement. */
	if (take_hints(database))
		return true;
	if (clock_wait(&file, 1, ms) > 0 &&
		(!PQconsumeInput(database->conn) ||
		 PQstatus(database->conn) != CONNECTION_OK))
	{
		database_close(database);
		return false;
	}
	(void) take_hints(database);
	return true;
}

/* ---- what was claimed */

static const char *
column(const Batch *batch, int number, int which, const char *otherwise)
{
	if (which >= PQnfields(batch->rows) ||
		PQgetisnull(batch->rows, number, which))
		return otherwise;
	return PQgetvalue(batch->rows, number, which);
}

Mail
batch_mail(const Batch *batch, int number)
{
	return (Mail){
		.id = column(batch, number, COLUMN_ID, ""),
		.kind = column(batch, number, COLUMN_KIND, ""),
		.recipient = column(batch, number, COLUMN_RECIPIENT, ""),
		.recipient_name = column(batch, number, COLUMN_RECIPIENT_NAME, NULL),
		.subject = column(batch, number, COLUMN_SUBJECT, ""),
		.body_text = column(batch, number, COLUMN_BODY_TEXT, ""),
		.body_html = column(batch, number, COLUMN_BODY_HTML, NULL),
		.message_id = column(batch, number, COLUMN_MESSAGE_ID, ""),
		.attempt =
			(int) strtol(column(batch, number, COLUMN_ATTEMPT, "0"), NULL, 10),
		.sender = column(batch, number, COLUMN_SENDER, NULL),
		.json = column(batch, number, COLUMN_JSON, NULL),
	};
}

void
batch_wipe_mail(Batch *batch, int number)
{
	for (int i = 0; i < PQnfields(batch->rows); i++)
	{
		if (!PQgetisnull(batch->rows, number, i))
			sodium_memzero(PQgetvalue(batch->rows, number, i),
						   (size_t) PQgetlength(batch->rows, number, i));
	}
}

void
batch_wipe(Batch *batch)
{
	for (int i = 0; batch->rows != NULL && i < batch->count; i++)
		batch_wipe_mail(batch, i);
	PQclear(batch->rows);
	*batch = (Batch){ 0 };
}
