#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "exec.h"

#define STDERR_MAX	  4096
#define ARGUMENTS_MAX 64

/* A program that runs. */
typedef struct Run
{
	pid_t pid;
	int input;	 /* its standard input, -1 when all is written */
	int errors;	 /* its standard error, -1 when it is closed */
	int failure; /* tells the errno of a start that failed */
	const char *data;
	size_t left;
	Text said;
	int status;
	bool timed_out;
} Run;

bool
exec_probe(const Program *program, Outcome *outcome)
{
	if (access(program->path, X_OK) == 0)
		return true;
	outcome->result = RESULT_LATER;
	outcome->trouble = true;
	text_format(&outcome->error, "the program cannot be started: %s",
				strerror(errno));
	text_format(&outcome->advice,
				"%s cannot be started: %s; check --exec or "
				"USERS_MAIL_EXEC",
				program->path, strerror(errno));
	return false;
}

/* ---- in the child */

/* Nothing of ours: it holds passwords. */
static void
make_environment(char *environment[4])
{
	static const char *const names[] = { "PATH", "LANG", "TZ" };
	int n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		const char *value = getenv(names[i]);
		Text entry = { 0 };

		if (value == NULL)
			continue;
		text_format(&entry, "%s=%s", names[i], value);
		environment[n++] = entry.data;
	}
	environment[n] = NULL;
}

static void
become(const Program *program, int input, int errors, int failure)
{
	char *arguments[ARGUMENTS_MAX + 2];
	char *environment[4];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int n = 0;

	(void) setpgid(0, 0);
	make_environment(environment);
	arguments[n++] = string_copy(program->path);
	while (n <= ARGUMENTS_MAX && program->arguments[n - 1] != NULL)
	{
		arguments[n] = program->arguments[n - 1];
		n++;
	}
	arguments[n] = NULL;
	if (null >= 0 && dup2(input, STDIN_FILENO) >= 0 &&
		dup2(null, STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0 &&
		dup3(failure, STDERR_FILENO + 1, O_CLOEXEC) >= 0)
	{
		failure = STDERR_FILENO + 1;
		closefrom(failure + 1);
		clock_reset_signals();
		(void) execve(program->path, arguments, environment);
	}
	n = errno;
	n = (int) write(failure, &n, sizeof(n));
	_exit(127);
}

/* ---- in the parent */

static void
close_file(int *file)
{
	if (*file >= 0)
		(void) close(*file);
	*file = -1;
}

/* Three pipes; false, with errno set and none open, if there are no more. Their
 * numbers are above those that the child's own files get. */
static bool
make_pipes(int pipes[3][2])
{
	for (int i = 0; i < 3; i++)
	{
		if (pipe2(pipes[i], O_CLOEXEC) == 0)
			continue;
		while (--i >= 0)
		{
			close_file(&pipes[i][0]);
			close_file(&pipes[i][1]);
		}
		return false;
	}
	return true;
}

static bool
start(Run *run, const Program *program)
{
	int pipes[3][2];

	if (!make_pipes(pipes))
		return false;
	run->pid = fork();
	if (run->pid == 0)
		become(program, pipes[0][0], pipes[1][1], pipes[2][1]);
	close_file(&pipes[0][0]);
	close_file(&pipes[1][1]);
	close_file(&pipes[2][1]);
	run->input = pipes[0][1];
	run->errors = pipes[1][0];
	run->failure = pipes[2][0];
	if (run->pid > 0)
	{
		(void) setpgid(run->pid, run->pid);
		(void) fcntl(run->input, F_SETFL, O_NONBLOCK);
		(void) fcntl(run->errors, F_SETFL, O_NONBLOCK);
		return true;
	}
	close_file(&run->input);
	close_file(&run->errors);
	close_file(&run->failure);
	return false;
}

static void
feed(Run *run)
{
	ssize_t n = write(run->input, run->data, run->left);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		run->left = 0; /* it does not want to know more */
	if (n > 0)
	{
		run->data += n;
		run->left -= (size_t) n;
	}
	if (run->left == 0)
		close_file(&run->input);
}

/* What it says beyond the limit is read and forgotten. */
static void
listen_to(Run *run)
{
	char piece[1024];
	ssize_t n;

	while ((n = read(run->errors, piece, sizeof(piece))) > 0)
	{
		if (run->said.len < STDERR_MAX)
			text_add(&run->said, piece, (size_t) n);
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_file(&run->errors);
}

static void
exchange(Run *run, long ms)
{
	struct pollfd files[2] = { { .fd = run->input, .events = POLLOUT },
							   { .fd = run->errors, .events = POLLIN } };

	/* Its end wakes us by SIGCHLD. */
	if (clock_wait(files, 2, ms) <= 0)
		return;
	if (files[0].revents != 0)
		feed(run);
	if (files[1].revents != 0)
		listen_to(run);
}

static void
attend(Run *run, int timeout)
{
	long deadline = clock_now() + timeout * 1000L;

	while (waitpid(run->pid, &run->status, WNOHANG) == 0)
	{
		long left = deadline - clock_now();

		if (left > 0)
		{
			exchange(run, left);
			continue;
		}
		/* First asked, then ended, with what it has started. */
		(void) kill(-run->pid, run->timed_out ? SIGKILL : SIGTERM);
		run->timed_out = true;
		deadline = clock_now() + EXEC_GRACE_SECONDS * 1000L;
	}
	if (run->timed_out)
		(void) kill(-run->pid, SIGKILL);
	if (run->errors >= 0)
		listen_to(run);
}

static void
judge(const Run *run, Outcome *outcome)
{
	int signal = WIFSIGNALED(run->status) ? WTERMSIG(run->status) : 0;
	const char *said = text_get(&run->said);

	verdict_of_exit(
		outcome, signal != 0 ? 128 + signal : WEXITSTATUS(run->status), signal);
	if (run->timed_out)
		outcome->result = RESULT_LATER;
	if (outcome->result == RESULT_SENT)
		return;
	if (run->timed_out)
		text_puts(&outcome->error, "the program took too long");
	else
		text_quote(&outcome->error, said, strcspn(said, "\r\n"), ERROR_MAX);
	if (outcome->error.len == 0)
		text_format(&outcome->error, "the program ended with %d",
					outcome->code);
}

void
exec_send(const Program *program, const Mail *mail, Outcome *outcome)
{
	Run run = { .input = -1, .errors = -1, .failure = -1 };
	Text line = { 0 };
	int error = 0;
	bool started;

	text_format(&line, "%s\n", mail->json == NULL ? "{}" : mail->json);
	run.data = text_get(&line);
	run.left = line.len;
	started = start(&run, program);
	if (!started)
		error = errno;
	else if (read(run.failure, &error, sizeof(error)) != sizeof(error))
		error = 0;
	if (started)
		attend(&run, program->timeout);
	if (error == 0)
		judge(&run, outcome);
	else
	{
		outcome->result = RESULT_LATER;
		outcome->trouble = true;
		text_format(&outcome->error, "the program cannot be started: %s",
					strerror(error));
		text_format(&outcome->advice, "%s cannot be started: %s", program->path,
					strerror(error));
	}
	close_file(&run.input);
	close_file(&run.errors);
	close_file(&run.failure);
	text_wipe(&run.said);
	text_wipe(&line);
}
