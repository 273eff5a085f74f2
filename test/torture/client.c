/*
 * usage: client people|relay LEDGER NAME SEED
 *
 * Uses the database that libpq's environment names until it is told to end
 * (SIGTERM), whatever happens to the server meanwhile: as people who sign up,
 * sign in and out, change passwords, ask for mail and keep domains, or as a
 * relay that claims mail. LEDGER gets a line before each transaction and one
 * once it is known how it ended, before anything else is done; so what the
 * database has acknowledged is known although the database may be gone.
 *
 * A line is NAME, a number that counts up, how it stands (`tried`; then `done`,
 * `refused`, or `wrong` for an answer that nothing explains), what was done,
 * with whom, and three values, apart by tabs. A transaction with no second line
 * may have happened or not; its person is left alone from then on.
 *
 * TORTURE_TIMEOUTS=1 gives statements a few milliseconds; TORTURE_CLOCK=1 says
 * that tokens may expire at any time; TORTURE_LIE=1 acknowledges what was
 * rolled back, and claims mails twice: a check of the checks.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static PGconn *conn = NULL;
static int ledger = -1;
const char *name;
static unsigned long state;
int seq = 0;
static bool timeouts;
bool clock_moves, lies;
static volatile sig_atomic_t over = 0;

static void
end(int number)
{
	(void) number;
	over = 1;
}

int
pick(int n)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (int) ((state >> 33) % (unsigned long) n);
}

void
pause_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	(void) nanosleep(&time, NULL);
}

double
now(void)
{
	struct timespec time;

	(void) clock_gettime(CLOCK_REALTIME, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

/* ---- the ledger */

void
note(const char *how, const char *what, const char *who, const char *a,
	 const char *b, const char *c)
{
	char line[3 * TOKEN];
	int length =
		snprintf(line, sizeof(line), "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", name,
				 seq, how, what, who, a, b, c);

	if (length >= (int) sizeof(line) ||
		write(ledger, line, (size_t) length) != length)
	{
		fprintf(stderr, "client: the ledger cannot be written\n");
		exit(1);
	}
}

void
try(const char *what, const char *who, const char *a, const char *b,
	const char *c)
{
	seq++;
	note("tried", what, who, a, b, c);
}

/* ---- one transaction */

static void
disconnect(void)
{
	PQfinish(conn);
	conn = NULL;
}

/* What the server says beside its answers is in its log. */
static void
ignore(void *argument, const char *message)
{
	(void) argument;
	(void) message;
}

/* Waits for the server as long as it takes; false when told to end. */
bool
connected(void)
{
	while (!over)
	{
		if (conn != NULL && PQstatus(conn) == CONNECTION_OK)
			return true;
		disconnect();
		conn = PQconnectdb("");
		(void) PQsetNoticeProcessor(conn, ignore, NULL);
		if (PQstatus(conn) == CONNECTION_OK)
			return true;
		pause_ms(20);
	}
	return false;
}

/* What a server in trouble may say: too many connections or no memory (53),
 * no disk (53, 58), interrupted (57), a standby (25006), a lock that did not
 * come (US016). */
static bool
is_explained(const char *sqlstate)
{
	return strncmp(sqlstate, "53", 2) == 0 || strncmp(sqlstate, "57", 2) == 0 ||
		   strncmp(sqlstate, "58", 2) == 0 || strcmp(sqlstate, "25006") == 0 ||
		   strcmp(sqlstate, "US016") == 0 ||
		   (clock_moves && strcmp(sqlstate, "28000") == 0);
}

/* The outcome of a transaction whose statement has failed: it is certain that
 * nothing has happened, since COMMIT was not sent. */
static Outcome
failed(PGresult *result, const char *what, const char *who)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	bool lost = sqlstate == NULL || PQstatus(conn) != CONNECTION_OK;
	Outcome outcome = lost || is_explained(sqlstate) ? REFUSED : WRONG;

	note(outcome == WRONG ? "wrong" : "refused", what, who,
		 sqlstate == NULL ? "lost" : sqlstate, "", "");
	PQclear(result);
	if (lost)
		disconnect();
	else
		PQclear(PQexec(conn, "ROLLBACK"));
	return outcome;
}

static bool
is_good(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_COMMAND_OK ||
		   PQresultStatus(result) == PGRES_TUPLES_OK;
}

static PGresult *
ask(const char *sql, int n, const char *const *values)
{
	return PQexecParams(conn, sql, n, NULL, values, NULL, NULL, 0);
}

static PGresult *
begin(void)
{
	char sql[80] = "BEGIN";

	if (timeouts && pick(3) == 0)
		snprintf(sql, sizeof(sql), "BEGIN; SET LOCAL statement_timeout = %d",
				 1 + pick(50));
	return PQexec(conn, sql);
}

/* COMMIT alone leaves it open what has happened, when its answer is neither
 * that nor an error that a session survives. */
static Outcome
commit(void)
{
	const char *sql = lies && pick(10) == 0 ? "ROLLBACK" : "COMMIT";
	PGresult *result = PQexec(conn, sql);
	const char *severity =
		PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	Outcome outcome = UNKNOWN;

	if (PQresultStatus(result) == PGRES_COMMAND_OK)
		outcome = strcmp(PQcmdStatus(result), sql) == 0 ? DONE : REFUSED;
	else if (severity != NULL && strcmp(severity, "ERROR") == 0)
		outcome = REFUSED;
	PQclear(result);
	if (outcome == UNKNOWN)
		disconnect();
	return outcome;
}

/* Whether an answer with a status is one that changed something. */
static bool
status_is(const PGresult *result, const char *status)
{
	return PQntuples(result) == 1 &&
		   strcmp(PQgetvalue(result, 0, 0), status) == 0;
}

/*
 * Runs a transaction of one call, by whom a token says if one is given. status
 * is what the call must say, NULL when it has no status. With DONE, *result is
 * the call's; it is noted by the caller, anything else here.
 */
Outcome
transact(const char *what, const char *who, const char *token,
		 const char *status, const char *sql, int n, const char *const *values,
		 PGresult **result)
{
	Outcome outcome;

	*result = begin();
	if (is_good(*result) && token != NULL)
	{
		PQclear(*result);
		*result = ask("SELECT users_authenticate($1)", 1, &token);
	}
	if (is_good(*result))
	{
		PQclear(*result);
		*result = ask(sql, n, values);
	}
	if (!is_good(*result))
	{
		outcome = failed(*result, what, who);
		*result = NULL;
		return outcome;
	}
	if (status != NULL && !status_is(*result, status))
	{
		bool waits =
			status_is(*result, "busy") || status_is(*result, "throttled");

		note(waits ? "refused" : "wrong", what, who,
			 PQntuples(*result) == 1 ? PQgetvalue(*result, 0, 0) : "no row", "",
			 "");
		PQclear(*result);
		*result = NULL;
		PQclear(PQexec(conn, "COMMIT"));
		return waits ? REFUSED : WRONG;
	}
	outcome = commit();
	if (outcome == REFUSED)
		note("refused", what, who, "commit", "", "");
	if (outcome != DONE)
	{
		PQclear(*result);
		*result = NULL;
	}
	return outcome;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };

	if (argc != 5)
	{
		fprintf(stderr, "usage: client people|relay LEDGER NAME SEED\n");
		return 1;
	}
	(void) sigaction(SIGTERM, &action, NULL);
	ledger = open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
	name = argv[3];
	state = strtoul(argv[4], NULL, 10);
	timeouts = getenv("TORTURE_TIMEOUTS") != NULL;
	clock_moves = getenv("TORTURE_CLOCK") != NULL;
	lies = getenv("TORTURE_LIE") != NULL;
	while (connected())
	{
		if (strcmp(argv[1], "relay") == 0)
			claim();
		else
			live();
	}
	PQfinish(conn);
	return 0;
}
