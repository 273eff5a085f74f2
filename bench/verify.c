/*
 * usage: verify FILE CLIENTS COUNT SECONDS
 *
 * Verifies a password against its hash with libsodium and nothing else, in
 * CLIENTS processes at once, in each at least COUNT times and for SECONDS: what
 * signing in cannot cost less than. FILE holds the hash and the password, a
 * line each. Each process prints how often it verified, and the milliseconds
 * for all of that together: of CPU, and by the clock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

static char hash[crypto_pwhash_STRBYTES + 1];
static char password[1024];

static int
fail(const char *what)
{
	fprintf(stderr, "verify: %s\n", what);
	return 1;
}

static double
cpu_ms(void)
{
	struct rusage usage;

	(void) getrusage(RUSAGE_SELF, &usage);
	return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		   (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static double
clock_ms(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

/* Reads a line without its end; 0 when there is none that fits. */
static int
read_line(FILE *file, char *line, int size)
{
	size_t len;

	if (fgets(line, size, file) == NULL)
		return 0;
	len = strcspn(line, "\n");
	if (line[len] == '\0')
		return 0;
	line[len] = '\0';
	return 1;
}

static int
read_secret(const char *name)
{
	FILE *file = fopen(name, "r");
	int complete;

	if (file == NULL)
		return 0;
	complete = read_line(file, hash, sizeof(hash)) &&
			   read_line(file, password, sizeof(password));
	(void) fclose(file);
	return complete;
}

static int
verify(void)
{
	return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

/* Verifies once, which finds the library cold; says so by closing warm, waits
 * until go is closed elsewhere, and measures. */
static int
measure(long count, long seconds, int warm, int go)
{
	long done = 0;
	char byte;
	double cpu;
	double clock;

	if (!verify())
		return fail("the password is not that of the hash");
	(void) close(warm);
	if (read(go, &byte, 1) != 0)
		return fail("the others did not start");
	cpu = cpu_ms();
	clock = clock_ms();
	for (; done < count || clock_ms() - clock < (double) seconds * 1e3; done++)
		if (!verify())
			return fail("a verification failed");
	printf("%ld %.3f %.3f\n", done, cpu_ms() - cpu, clock_ms() - clock);
	return fflush(stdout) == 0 ? 0 : fail("cannot write");
}

/* Starts a process for each client, lets all go when all are warm, and waits
 * for them; 0 when every one did well. */
static int
measure_together(long clients, long count, long seconds)
{
	int warm[2];
	int go[2];
	char byte;
	int status;
	int failed = 0;

	if (pipe(warm) != 0 || pipe(go) != 0)
		return fail("no pipe");
	for (long i = 0; i < clients; i++)
	{
		pid_t child = fork();

		if (child == 0)
		{
			(void) close(go[1]);
			_exit(measure(count, seconds, warm[1], go[0]));
		}
		if (child < 0)
			return fail("no process");
	}
	/* Ends when the last of them has closed it. */
	(void) close(warm[1]);
	if (read(warm[0], &byte, 1) != 0)
		failed = 1;
	(void) close(go[1]);
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			failed = 1;
	return failed;
}

/* -1 for what is no number. */
static long
read_number(const char *text)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	return errno == 0 && *text != '\0' && *end == '\0' ? number : -1;
}

int
main(int argc, char **argv)
{
	long numbers[3];

	if (argc != 5)
		return fail("usage: verify FILE CLIENTS COUNT SECONDS");
	for (int i = 0; i < 3; i++)
	{
		numbers[i] = read_number(argv[i + 2]);
		/* Only the last may be 0. */
		if (numbers[i] < (i < 2))
			return fail("CLIENTS, COUNT or SECONDS is not such a number");
	}
	if (sodium_init() < 0)
		return fail("libsodium does not start");
	if (!read_secret(argv[1]))
		return fail("FILE does not hold a hash and a password");
	return measure_together(numbers[0], numbers[1], numbers[2]);
}
