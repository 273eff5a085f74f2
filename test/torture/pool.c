/*
 * usage: pool COUNT <PEOPLE
 *
 * A client for each line of PEOPLE (user id, access token, refresh token, with
 * spaces between), at once, in sessions of whatever libpq's environment says:
 * of a pool that lends a server to one transaction at a time. Together they
 * make COUNT calls of all kinds, some of which fail or are cancelled on
 * purpose, and each compares what it is told about itself with who it is:
 * nobody, where it has not authenticated.
 *
 * Prints how many calls there were; answers that were one's own; answers
 * `nobody`; errors that were meant; statements that were cancelled; answers
 * that were somebody else's; answers and errors that are none of these. The
 * first of the last two are on stderr.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#define CLIENTS_MAX 1000
#define ID_SIZE		40
#define TOKEN_SIZE	1200

typedef struct Client
{
	PGconn *conn;
	unsigned seed;
	char id[ID_SIZE];
	char access[TOKEN_SIZE];
	char refresh[TOKEN_SIZE];
} Client;

static Client people[CLIENTS_MAX];
static int clients = 0;
static long limit;
static atomic_long calls, own, nobody, meant, cancelled, others, wrong;

static const char note[] =
	"SELECT string_agg(DISTINCT owner::text, ' ') FROM note";
static const char who[] = "SELECT users_current_user_id()";

static void
complain(atomic_long *counter, const Client *me, const char *what,
		 const char *why)
{
	if (atomic_fetch_add(counter, 1) < 5)
		fprintf(stderr, "pool: %s: %s: %s\n", me->id, what, why);
}

static PGresult *
ask(const Client *me, const char *sql, const char *argument)
{
	const char *values[] = { argument };

	return PQexecParams(me->conn, sql, argument != NULL, NULL, values, NULL,
						NULL, 0);
}

/* A statement that has no answer. */
static void
command(const Client *me, const char *sql)
{
	PGresult *result = ask(me, sql, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		complain(&wrong, me, sql, PQerrorMessage(me->conn));
	PQclear(result);
}

/* A call whose answer is one's own id. */
static void
mine(const Client *me, const char *sql, const char *argument)
{
	PGresult *result = ask(me, sql, argument);

	atomic_fetch_add(&calls, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		complain(&wrong, me, sql, PQerrorMessage(me->conn));
	else if (PQgetisnull(result, 0, 0))
		complain(&wrong, me, sql, "nobody");
	else if (strcmp(PQgetvalue(result, 0, 0), me->id) != 0)
		complain(&others, me, sql, PQgetvalue(result, 0, 0));
	else
		atomic_fetch_add(&own, 1);
	PQclear(result);
}

/* A call whose answer is nobody. */
static void
nobodys(const Client *me, const char *sql)
{
	PGresult *result = ask(me, sql, NULL);

	atomic_fetch_add(&calls, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		complain(&wrong, me, sql, PQerrorMessage(me->conn));
	else if (!PQgetisnull(result, 0, 0))
		complain(&others, me, sql, PQgetvalue(result, 0, 0));
	else
		atomic_fetch_add(&nobody, 1);
	PQclear(result);
}

/* What fails with this SQLSTATE. */
static void
fails(const Client *me, const char *sql, const char *argument,
	  const char *sqlstate, atomic_long *counter)
{
	PGresult *result = ask(me, sql, argument);
	const char *got = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	atomic_fetch_add(&calls, 1);
	if (got == NULL || strcmp(got, sqlstate) != 0)
		complain(&wrong, me, sql, got == NULL ? "no error" : got);
	else
		atomic_fetch_add(counter, 1);
	PQclear(result);
}

static void
take_on(const Client *me)
{
	mine(me, "SELECT users_authenticate($1)", me->access);
}

/* ---- the kinds ---- */

static void
read_own(Client *me)
{
	command(me, "BEGIN");
	take_on(me);
	mine(me, who, NULL);
	mine(me, note, NULL);
	command(me, me->seed & 1 ? "COMMIT" : "ROLLBACK");
}

static void
read_without(Client *me)
{
	nobodys(me, who);
	command(me, "BEGIN");
	nobodys(me, note);
	nobodys(me, who);
	command(me, "COMMIT");
}

/* The mistake of autocommit: nothing may be left for whoever comes next. */
static void
forget_begin(Client *me)
{
	take_on(me);
	nobodys(me, who);
	nobodys(me, note);
}

static void
fail_amid(Client *me)
{
	command(me, "BEGIN");
	take_on(me);
	fails(me, "SELECT 1 / 0", NULL, "22012", &meant);
	fails(me, who, NULL, "25P02", &meant);
	command(me, "ROLLBACK");
	nobodys(me, who);
}

static void
forge(Client *me)
{
	command(me, "BEGIN");
	fails(me, "SELECT users_authenticate($1 || 'x')", me->access, "28000",
		  &meant);
	command(me, "ROLLBACK");
	nobodys(me, who);
}

static void
go_back(Client *me)
{
	command(me, "BEGIN");
	command(me, "SAVEPOINT a");
	take_on(me);
	mine(me, note, NULL);
	command(me, "ROLLBACK TO a");
	nobodys(me, who);
	take_on(me);
	command(me, "SAVEPOINT b");
	fails(me, "SELECT 1 / 0", NULL, "22012", &meant);
	command(me, "ROLLBACK TO b");
	mine(me, who, NULL);
	command(me, "COMMIT");
}

/* By the server's clock, or by a request to cancel; one that overtakes its
 * statement cancels nothing. */
static void
be_cancelled(Client *me)
{
	command(me, "BEGIN");
	take_on(me);
	if (me->seed & 1)
	{
		command(me, "SET LOCAL statement_timeout = 1");
		fails(me, "SELECT pg_sleep(10)", NULL, "57014", &cancelled);
	}
	else
	{
		PGcancel *cancel = PQgetCancel(me->conn);
		char error[256] = "";
		PGresult *result;
		const char *got;

		atomic_fetch_add(&calls, 1);
		if (PQsendQuery(me->conn, "SELECT pg_sleep(1)") != 1 ||
			PQcancel(cancel, error, sizeof(error)) != 1)
			complain(&wrong, me, "cancel", error);
		PQfreeCancel(cancel);
		while ((result = PQgetResult(me->conn)) != NULL)
		{
			got = PQresultErrorField(result, PG_DIAG_SQLSTATE);
			if (got != NULL && strcmp(got, "57014") == 0)
				atomic_fetch_add(&cancelled, 1);
			else if (PQresultStatus(result) != PGRES_TUPLES_OK)
				complain(&wrong, me, "pg_sleep", PQerrorMessage(me->conn));
			PQclear(result);
		}
	}
	command(me, "ROLLBACK");
	nobodys(me, who);
}

static void
refresh(Client *me)
{
	PGresult *result;

	command(me, "BEGIN");
	command(me, "SET LOCAL ROLE users_anon");
	result = ask(me,
				 "SELECT user_id, access_token, refresh_token "
				 "FROM users_refresh($1) WHERE status = 'ok'",
				 me->refresh);
	atomic_fetch_add(&calls, 1);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		complain(&wrong, me, "users_refresh", PQerrorMessage(me->conn));
	else if (strcmp(PQgetvalue(result, 0, 0), me->id) != 0)
		complain(&others, me, "users_refresh", PQgetvalue(result, 0, 0));
	else
	{
		atomic_fetch_add(&own, 1);
		snprintf(me->access, TOKEN_SIZE, "%s", PQgetvalue(result, 0, 1));
		snprintf(me->refresh, TOKEN_SIZE, "%s", PQgetvalue(result, 0, 2));
	}
	PQclear(result);
	command(me, "COMMIT");
	nobodys(me, who);
}

static void
validate(Client *me)
{
	command(me, "BEGIN");
	command(me, "SET LOCAL ROLE users_service");
	mine(me, "SELECT user_id FROM users_validate_token($1)", me->access);
	nobodys(me, who);
	command(me, "COMMIT");
}

/* The warning about a BEGIN that was forgotten is meant. */
static void
ignore(void *argument, const char *message)
{
	(void) argument;
	(void) message;
}

static void *
go_on(void *argument)
{
	static void (*const kinds[])(
		Client *) = { read_own,		read_own,	  read_own,	 read_without,
					  forget_begin, fail_amid,	  forge,	 go_back,
					  validate,		read_own,	  go_back,	 validate,
					  read_own,		read_without, fail_amid, refresh };
	Client *me = argument;

	while (atomic_load(&calls) < limit && PQstatus(me->conn) == CONNECTION_OK)
	{
		int kind = rand_r(&me->seed) / 16 % 64;

		if (kind == 0)
			be_cancelled(me);
		else
			kinds[kind % 16](me);
	}
	if (PQstatus(me->conn) != CONNECTION_OK)
		complain(&wrong, me, "connection", "lost");
	return NULL;
}

int
main(int argc, char **argv)
{
	static pthread_t threads[CLIENTS_MAX];

	limit = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	while (clients < CLIENTS_MAX &&
		   scanf("%39s %1199s %1199s", people[clients].id,
				 people[clients].access, people[clients].refresh) == 3)
		clients++;
	if (limit < 1 || clients < 1)
	{
		fprintf(stderr, "usage: pool COUNT <PEOPLE\n");
		return 1;
	}
	for (int i = 0; i < clients; i++)
	{
		people[i].seed = (unsigned) i + 1;
		people[i].conn = PQconnectdb("");
		(void) PQsetNoticeProcessor(people[i].conn, ignore, NULL);
		if (PQstatus(people[i].conn) == CONNECTION_OK)
			continue;
		fprintf(stderr, "pool: %s", PQerrorMessage(people[i].conn));
		return 1;
	}
	for (int i = 0; i < clients; i++)
		if (pthread_create(&threads[i], NULL, go_on, &people[i]) != 0)
			return 1;
	for (int i = 0; i < clients; i++)
		(void) pthread_join(threads[i], NULL);
	printf("%ld %ld %ld %ld %ld %ld %ld\n", atomic_load(&calls),
		   atomic_load(&own), atomic_load(&nobody), atomic_load(&meant),
		   atomic_load(&cancelled), atomic_load(&others), atomic_load(&wrong));
	return 0;
}
