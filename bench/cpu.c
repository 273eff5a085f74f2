/*
 * usage: cpu COUNT FILE QUERY [beyond]
 *
 * Executes a prepared query in a session of whatever libpq's environment says
 * and prints what one execution takes of the CPU time of the server process, in
 * microseconds. A line of FILE has the values of the parameters and then the
 * answer, apart by tabs; after the last line it begins again. A query with any
 * other answer than one row of that value ends the program. Each is a
 * transaction of its own; BLOCK of them are sent in one go, and no answer is
 * waited for before all are done: a server process that wakes its client spends
 * more on that than on an empty statement, and would have to for each that
 * takes longer than reading its answer. Of at least COUNT executions in such
 * blocks, it is the median; a tenth as many come before, to warm up.
 *
 * With "beyond", blocks of SELECT 1 take turns with those, and it is the median
 * of the differences.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#define PARAMETERS_MAX 4
#define LINES_MAX	   10000
#define BLOCK		   50
#define BLOCKS_MAX	   10000

typedef struct Line
{
	const char *columns[PARAMETERS_MAX + 1];
} Line;

typedef struct Query
{
	const char *name;
	int parameters;
} Query;

static Line lines[LINES_MAX];
static int line_count;
static double blocks[BLOCKS_MAX];

static void
fail(const char *what)
{
	fprintf(stderr, "cpu: %s\n", what);
	exit(1);
}

/* Cuts text, which stays, into the columns of a line. */
static void
cut(Line *line, char *text, int columns)
{
	for (int i = 0; i < columns; i++)
	{
		if (text == NULL)
			fail("a line has too few columns");
		line->columns[i] = text;
		text = strchr(text, '\t');
		if (text != NULL)
			*text++ = '\0';
	}
	if (text != NULL)
		fail("a line has too many columns");
}

static void
read_lines(const char *name, int columns)
{
	FILE *file = fopen(name, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t len;

	if (file == NULL)
		fail("the file cannot be read");
	while ((len = getline(&text, &size, file)) > 0)
	{
		if (line_count == LINES_MAX)
			fail("the file has too many lines");
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		cut(&lines[line_count++], text, columns);
		text = NULL;
	}
	free(text);
	(void) fclose(file);
	if (line_count == 0)
		fail("the file is empty");
}

static Query
prepare(PGconn *conn, const char *name, const char *sql)
{
	Query query = { .name = name };
	PGresult *result = PQprepare(conn, name, sql, 0, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail(PQerrorMessage(conn));
	PQclear(result);
	result = PQdescribePrepared(conn, name);
	query.parameters = PQnparams(result);
	PQclear(result);
	if (query.parameters > PARAMETERS_MAX)
		fail("the query has too many parameters");
	return query;
}

static void
send(PGconn *conn, const Query *query, const Line *line)
{
	if (!PQsendQueryPrepared(conn, query->name, query->parameters,
							 line->columns, NULL, NULL, 0) ||
		!PQpipelineSync(conn))
		fail(PQerrorMessage(conn));
}

/* Reads one value of the server process from a file of /proc. */
static void
observe(PGconn *conn, const char *what, const char *format, void *value)
{
	char name[64];
	FILE *file;

	(void) snprintf(name, sizeof(name), "/proc/%d/%s", PQbackendPID(conn),
					what);
	file = fopen(name, "r");
	if (file == NULL || fscanf(file, format, value) != 1)
		fail("the server process cannot be observed");
	(void) fclose(file);
}

/* Waits until the server process does. */
static void
wait_until_idle(PGconn *conn)
{
	const struct timespec moment = { .tv_nsec = 50000 };
	char state;

	do
	{
		(void) nanosleep(&moment, NULL);
		observe(conn, "stat", "%*d (%*[^)]) %c", &state);
	} while (state == 'R');
}

/* What the server process has had of a core, in nanoseconds; while it runs, the
 * kernel does not know exactly. */
static double
cpu_of(PGconn *conn)
{
	unsigned long long spent;

	wait_until_idle(conn);
	observe(conn, "schedstat", "%llu", &spent);
	return (double) spent;
}

/* The next result. Nobody sleeps on the connection meanwhile. */
static PGresult *
next_result(PGconn *conn)
{
	while (PQisBusy(conn))
	{
		wait_until_idle(conn);
		if (!PQconsumeInput(conn))
			fail(PQerrorMessage(conn));
	}
	return PQgetResult(conn);
}

static void
receive(PGconn *conn, const char *answer)
{
	PGresult *result = next_result(conn);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail(PQerrorMessage(conn));
	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0) ||
		strcmp(PQgetvalue(result, 0, 0), answer) != 0)
		fail("the query has another answer than it should");
	PQclear(result);
	PQclear(next_result(conn));
	result = next_result(conn);
	if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
		fail("the transaction did not end");
	PQclear(result);
}

/* Microseconds of one execution in a block: with count lines in turn, from
 * first on. */
static double
block(PGconn *conn, const Query *query, const Line *all, int count, int first)
{
	double before = cpu_of(conn);

	for (int i = 0; i < BLOCK; i++)
		send(conn, query, &all[(first + i) % count]);
	for (int i = 0; i < BLOCK; i++)
		receive(conn, all[(first + i) % count].columns[query->parameters]);
	return (cpu_of(conn) - before) / 1e3 / BLOCK;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

/* empty may be NULL. */
static double
measure(PGconn *conn, const Query *query, const Query *empty, long count)
{
	static const Line one = { .columns = { "1" } };
	int first = 0;

	for (long i = -(count / 10) - 1; i < count; i++)
	{
		double spent = block(conn, query, lines, line_count, first);

		first = (first + BLOCK) % line_count;
		if (empty != NULL)
			spent -= block(conn, empty, &one, 1, 0);
		if (i >= 0)
			blocks[i] = spent;
	}
	qsort(blocks, (size_t) count, sizeof(blocks[0]), compare);
	return blocks[count / 2];
}

int
main(int argc, char **argv)
{
	long count = argc >= 4 ? (atol(argv[1]) + BLOCK - 1) / BLOCK : 0;
	int beyond = argc == 5 && strcmp(argv[4], "beyond") == 0;
	PGconn *conn;
	Query query;
	Query empty;

	if (count <= 0 || count > BLOCKS_MAX || argc != 4 + beyond)
		fail("usage: cpu COUNT FILE QUERY [beyond]");
	conn = PQconnectdb("");
	if (PQstatus(conn) != CONNECTION_OK)
		fail(PQerrorMessage(conn));
	query = prepare(conn, "query", argv[3]);
	empty = prepare(conn, "empty", "SELECT 1");
	read_lines(argv[2], query.parameters + 1);
	if (!PQenterPipelineMode(conn))
		fail(PQerrorMessage(conn));
	printf("%.4f\n", measure(conn, &query, beyond ? &empty : NULL, count));
	PQfinish(conn);
	return 0;
}
