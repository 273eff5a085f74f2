/*
 * usage: many CLIENTS SECONDS COUNT SQL [STAY]
 *
 * Runs the statement SQL, with a number that counts up as $1, in so many
 * sessions at once of whatever libpq's environment says, for so many seconds or
 * until it has run COUNT times (0: no limit). All sessions are there before the
 * first statement is sent, and stay for STAY seconds after the last.
 *
 * Prints a line for each answer (the first column, or the SQLSTATE of an
 * error): the answer, how often it came, and the most milliseconds that one
 * took.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#define CLIENTS_MAX 1000
#define ANSWERS		16

typedef struct Answer
{
	char text[64];
	long count;
	double worst;
} Answer;

static Answer answers[ANSWERS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static PGconn *connections[CLIENTS_MAX];
static atomic_long asked = 0;
static const char *sql;
static double end;
static long limit;

static double
now(void)
{
	struct timespec time;

	(void) clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
count(const char *text, double ms)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < ANSWERS; i++)
	{
		if (answers[i].count != 0 && strcmp(answers[i].text, text) != 0)
			continue;
		snprintf(answers[i].text, sizeof(answers[i].text), "%s", text);
		answers[i].count++;
		if (ms > answers[i].worst)
			answers[i].worst = ms;
		break;
	}
	pthread_mutex_unlock(&lock);
}

static const char *
answer_of(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "no row";
	return sqlstate == NULL ? "lost" : sqlstate;
}

static void *
go_on(void *argument)
{
	PGconn *conn = argument;
	char number[24];
	const char *values[] = { number };

	while (now() < end)
	{
		long mine = atomic_fetch_add(&asked, 1);
		double began = now();
		PGresult *result;

		if (limit > 0 && mine >= limit)
			break;
		snprintf(number, sizeof(number), "%ld", mine);
		result = PQexecPrepared(conn, "ask", 1, values, NULL, NULL, 0);
		count(answer_of(result), (now() - began) * 1e3);
		PQclear(result);
		if (PQstatus(conn) != CONNECTION_OK)
			break;
	}
	return NULL;
}

static int
connect_all(int clients)
{
	for (int i = 0; i < clients; i++)
	{
		PGconn *conn = connections[i] = PQconnectdb("");
		int good = 0;

		/* With a statement_timeout this may take some attempts. */
		for (int attempt = 0; attempt < 100 && !good; attempt++)
		{
			PGresult *result = PQprepare(conn, "ask", sql, 1, NULL);

			good = PQresultStatus(result) == PGRES_COMMAND_OK;
			PQclear(result);
		}
		if (good)
			continue;
		fprintf(stderr, "many: %s", PQerrorMessage(conn));
		return 0;
	}
	return 1;
}

int
main(int argc, char **argv)
{
	static pthread_t threads[CLIENTS_MAX];
	int clients = argc >= 5 ? (int) strtol(argv[1], NULL, 10) : 0;

	if (clients < 1 || clients > CLIENTS_MAX)
	{
		fprintf(stderr, "usage: many CLIENTS SECONDS COUNT SQL [STAY]\n");
		return 1;
	}
	limit = strtol(argv[3], NULL, 10);
	sql = argv[4];
	if (!connect_all(clients))
		return 1;
	end = now() + strtod(argv[2], NULL);
	for (int i = 0; i < clients; i++)
		if (pthread_create(&threads[i], NULL, go_on, connections[i]) != 0)
			return 1;
	for (int i = 0; i < clients; i++)
		(void) pthread_join(threads[i], NULL);
	if (argc > 5)
		(void) sleep((unsigned) strtoul(argv[5], NULL, 10));
	for (int i = 0; i < ANSWERS && answers[i].count != 0; i++)
		printf("%s %ld %.0f\n", answers[i].text, answers[i].count,
			   answers[i].worst);
	return 0;
}
