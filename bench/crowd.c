/*
 * usage: crowd FILE CLIENTS STATUS SQL [BEFORE]
 *
 * Runs the statement SQL once for each line of FILE, in so many sessions at
 * once of whatever libpq's environment says, and prints the median of
 * the milliseconds that it took. A line has fields between tabs, which are $1
 * and so on. Its first column must be STATUS.
 *
 * Each call is in a transaction that is rolled back, so that the next one meets
 * the same. BEFORE is a statement that runs in it first, with the same fields.
 * Only SQL is timed, and not the first calls of a session, which are slower: no
 * session goes on before all have made these.
 */
#define _DEFAULT_SOURCE /* strsep, pthread_barrier_wait */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#define CLIENTS_MAX 100
#define LINES_MAX	20000
#define FIELDS_MAX	4
#define LINE_MAX	2048
#define WARM		6 /* calls of a session: plans are generic then */

typedef struct Client
{
	PGconn *conn;
	long first; /* its lines: this one and each CLIENTS-th after it */
} Client;

static char *lines[LINES_MAX];
static double times[LINES_MAX]; /* of each line; negative: it warmed up */
static long line_count = 0;
static long clients;
static long warm; /* calls that do not count, at most half of all */
static const char *status;
static const char *sql;
static const char *before;
static atomic_bool failed = false;
static pthread_barrier_t all_warm;

static double
milliseconds(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static void
fail(const char *what, const char *why)
{
	if (!atomic_exchange(&failed, true))
		fprintf(stderr, "crowd: %s: %s\n", what, why);
}

/* Reads all lines, without their newline. */
static int
read_lines(const char *name)
{
	FILE *file = fopen(name, "r");
	char line[LINE_MAX];

	if (file == NULL)
		return 0;
	while (line_count < LINES_MAX && fgets(line, sizeof(line), file) != NULL)
	{
		line[strcspn(line, "\n")] = '\0';
		lines[line_count++] = strdup(line);
	}
	(void) fclose(file);
	return line_count > 0 && line_count < LINES_MAX;
}

static void
command(PGconn *conn, const char *text)
{
	PGresult *result = PQexec(conn, text);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(text, PQerrorMessage(conn));
	PQclear(result);
}

/* Prepares a statement; returns how many parameters it has. */
static int
prepare(PGconn *conn, const char *name, const char *text)
{
	PGresult *result = PQprepare(conn, name, text, 0, NULL);
	int count = 0;

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(text, PQerrorMessage(conn));
	PQclear(result);
	result = PQdescribePrepared(conn, name);
	if (PQresultStatus(result) == PGRES_COMMAND_OK)
		count = PQnparams(result);
	PQclear(result);
	return count > FIELDS_MAX ? FIELDS_MAX : count;
}

/* The answer to a statement, with the fields of a line. */
static PGresult *
ask(PGconn *conn, const char *name, int params, long number)
{
	char fields[LINE_MAX];
	const char *values[FIELDS_MAX] = { NULL };
	char *rest = fields;

	snprintf(fields, sizeof(fields), "%s", lines[number]);
	for (int i = 0; i < params && rest != NULL; i++)
		values[i] = strsep(&rest, "\t");
	return PQexecPrepared(conn, name, params, values, NULL, NULL, 0);
}

/* One call; returns the milliseconds. */
static double
call(PGconn *conn, const int params[2], long number)
{
	PGresult *result;
	double began;
	double ms;

	command(conn, "BEGIN");
	if (before != NULL)
	{
		result = ask(conn, "before", params[1], number);
		if (PQresultStatus(result) != PGRES_TUPLES_OK)
			fail(before, PQerrorMessage(conn));
		PQclear(result);
	}
	began = milliseconds();
	result = ask(conn, "timed", params[0], number);
	ms = milliseconds() - began;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail(sql, PQerrorMessage(conn));
	else if (PQntuples(result) == 0)
		fail(sql, "no row");
	else if (strcmp(PQgetvalue(result, 0, 0), status) != 0)
		fail(sql, PQgetvalue(result, 0, 0));
	PQclear(result);
	command(conn, "ROLLBACK");
	return ms;
}

static void *
go_on(void *argument)
{
	Client *client = argument;
	int params[2] = { prepare(client->conn, "timed", sql), 0 };
	long i = client->first;

	if (before != NULL)
		params[1] = prepare(client->conn, "before", before);
	for (; i < warm; i += clients)
	{
		times[i] = -1;
		if (!atomic_load(&failed))
			(void) call(client->conn, params, i);
	}
	(void) pthread_barrier_wait(&all_warm);
	for (; i < line_count && !atomic_load(&failed); i += clients)
		times[i] = call(client->conn, params, i);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	double first = *(const double *) a;
	double second = *(const double *) b;

	return (first > second) - (first < second);
}

/* All of them at once; returns the median. */
static double
run_all(Client *all)
{
	static pthread_t threads[CLIENTS_MAX];
	long started = 0;

	if (pthread_barrier_init(&all_warm, NULL, (unsigned) clients) != 0)
	{
		fail("a barrier", "cannot be made");
		exit(1);
	}
	while (started < clients &&
		   pthread_create(&threads[started], NULL, go_on, &all[started]) == 0)
		started++;
	/* The others would wait for it. */
	if (started < clients)
	{
		fail("a thread", "cannot be started");
		exit(1);
	}
	for (long i = 0; i < started; i++)
		(void) pthread_join(threads[i], NULL);
	qsort(times, (size_t) line_count, sizeof(double), compare);
	return (times[warm + (line_count - warm - 1) / 2] +
			times[warm + (line_count - warm) / 2]) /
		   2;
}

int
main(int argc, char **argv)
{
	static Client all[CLIENTS_MAX];
	double median;

	clients = argc == 5 || argc == 6 ? strtol(argv[2], NULL, 10) : 0;
	if (clients < 1 || clients > CLIENTS_MAX || !read_lines(argv[1]))
	{
		fprintf(stderr, "usage: crowd FILE CLIENTS STATUS SQL [BEFORE]\n");
		return 1;
	}
	warm = WARM * clients < line_count / 2 ? WARM * clients : line_count / 2;
	status = argv[3];
	sql = argv[4];
	before = argc == 6 ? argv[5] : NULL;
	for (long i = 0; i < clients; i++)
	{
		all[i].conn = PQconnectdb("");
		all[i].first = i;
		if (PQstatus(all[i].conn) != CONNECTION_OK)
			fail("connecting", PQerrorMessage(all[i].conn));
	}
	median = atomic_load(&failed) ? 0 : run_all(all);
	for (long i = 0; i < clients; i++)
		PQfinish(all[i].conn);
	if (!atomic_load(&failed))
		printf("%.6f\n", median);
	return atomic_load(&failed) ? 1 : 0;
}
