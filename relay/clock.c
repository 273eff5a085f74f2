#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "clock.h"

Asked asked;

static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

#define N_HANDLED (sizeof(handled) / sizeof(handled[0]))

long
clock_now(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (long) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
on_signal(int number)
{
	if (number == SIGHUP)
		asked.reload = 1;
	else if (number != SIGCHLD)
		asked.stop = 1;
}

static sigset_t
handled_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < N_HANDLED; i++)
		sigaddset(&set, handled[i]);
	return set;
}

void
clock_open(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set = handled_signals();

	/* A mail in flight is not to be interrupted. */
	(void) sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < N_HANDLED; i++)
		(void) sigaction(handled[i], &action, NULL);
	(void) sigaction(SIGPIPE, &ignore, NULL);
}

void
clock_reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < N_HANDLED; i++)
		(void) sigaction(handled[i], &action, NULL);
	(void) sigaction(SIGPIPE, &action, NULL);
	sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
}

int
clock_wait(struct pollfd *files, nfds_t n, long ms)
{
	struct timespec time;
	sigset_t open;
	int ready;

	if (ms < 0)
		ms = 0;
	time.tv_sec = ms / 1000;
	time.tv_nsec = ms % 1000 * 1000000;
	sigemptyset(&open);
	ready = ppoll(files, n, &time, &open);
	if (ready >= 0)
		return ready;
	for (nfds_t i = 0; i < n; i++)
		files[i].revents = 0;
	return 0;
}

long
clock_backoff(int n, long first, long max)
{
	long time = first;

	while (n-- > 0 && time < max)
		time *= 2;
	if (time > max)
		time = max;
	return time / 2 + (long) randombytes_uniform((uint32_t) (time / 2 + 1));
}
