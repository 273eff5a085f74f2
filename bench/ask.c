/*
 * usage: ask WHAT SQL STATUS PAUSE
 *
 * Reads lines "CLASS ARGUMENT" and runs the statement SQL with each ARGUMENT as
 * $1, in one session of whatever libpq's environment says. Its first column
 * must be STATUS. WHAT is `call`, for the time of the statement with the commit
 * that is part of it, or `commit`, for the time of the COMMIT of a transaction
 * in which it ran. PAUSE is the milliseconds after each.
 *
 * Each line is printed again, and after it the time of day in seconds when what
 * is timed began, and the milliseconds that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#define LINES_MAX 100000

typedef struct Sample
{
	char line[256];
	double began;
	double ms;
} Sample;

typedef struct Asking
{
	PGconn *conn;
	const char *status;
	int commits;
	long pause;
} Asking;

static int
fail(const char *what)
{
	fprintf(stderr, "ask: %s\n", what);
	return 1;
}

static double
seconds(clockid_t clock)
{
	struct timespec now;

	(void) clock_gettime(clock, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static int
command(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	int good = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return good;
}

/* Runs the statement; whether it answers as it should. */
static int
call(const Asking *asking, const char *argument)
{
	PGresult *result =
		PQexecPrepared(asking->conn, "ask", 1, &argument, NULL, NULL, 0);
	int good = PQresultStatus(result) == PGRES_TUPLES_OK &&
			   PQntuples(result) == 1 &&
			   strcmp(PQgetvalue(result, 0, 0), asking->status) == 0;

	if (!good)
		fprintf(stderr, "ask: %s: %s\n", argument,
				PQresultStatus(result) == PGRES_TUPLES_OK &&
						PQntuples(result) > 0
					? PQgetvalue(result, 0, 0)
					: PQerrorMessage(asking->conn));
	PQclear(result);
	return good;
}

static int
measure(const Asking *asking, Sample *sample)
{
	const char *argument = strchr(sample->line, ' ');
	double began;
	int good = argument != NULL;

	if (asking->commits)
		good = good && command(asking->conn, "BEGIN") &&
			   call(asking, argument + 1);
	sample->began = seconds(CLOCK_REALTIME);
	began = seconds(CLOCK_MONOTONIC);
	if (good)
		good = asking->commits ? command(asking->conn, "COMMIT")
							   : call(asking, argument + 1);
	sample->ms = (seconds(CLOCK_MONOTONIC) - began) * 1e3;
	return good;
}

static int
read_samples(Sample *samples)
{
	int count = 0;

	while (count < LINES_MAX &&
		   fgets(samples[count].line, sizeof(samples[0].line), stdin) != NULL)
	{
		samples[count].line[strcspn(samples[count].line, "\n")] = '\0';
		count++;
	}
	return count;
}

/* Nothing is read or written between the first and the last. */
static int
measure_all(const Asking *asking)
{
	Sample *samples = calloc(LINES_MAX, sizeof(*samples));
	int count = samples == NULL ? 0 : read_samples(samples);
	struct timespec pause = { asking->pause / 1000,
							  asking->pause % 1000 * 1000000 };

	for (int i = 0; i < count; i++)
	{
		if (!measure(asking, &samples[i]))
			return fail("something went wrong");
		if (asking->pause > 0)
			(void) nanosleep(&pause, NULL);
	}
	for (int i = 0; i < count; i++)
		printf("%s %.6f %.6f\n", samples[i].line, samples[i].began,
			   samples[i].ms);
	free(samples);
	return count > 0 && fflush(stdout) == 0 ? 0 : fail("nothing to do");
}

int
main(int argc, char **argv)
{
	Asking asking;
	PGresult *result;

	if (argc != 5)
		return fail("usage: ask call|commit SQL STATUS PAUSE");
	asking = (Asking){ .conn = PQconnectdb(""),
					   .status = argv[3],
					   .commits = strcmp(argv[1], "commit") == 0,
					   .pause = strtol(argv[4], NULL, 10) };
	if (PQstatus(asking.conn) != CONNECTION_OK)
		return fail(PQerrorMessage(asking.conn));
	result = PQprepare(asking.conn, "ask", argv[2], 1, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return fail(PQerrorMessage(asking.conn));
	PQclear(result);
	return measure_all(&asking);
}
