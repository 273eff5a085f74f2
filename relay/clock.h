/* Time that never jumps, signals, and waiting for both. */
#ifndef RELAY_CLOCK_H
#define RELAY_CLOCK_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/* What was asked of the process since it last looked. */
typedef struct Asked
{
	volatile sig_atomic_t stop;	  /* SIGTERM, SIGINT */
	volatile sig_atomic_t reload; /* SIGHUP */
} Asked;

extern Asked asked;

/* Milliseconds of the monotonic clock. */
long clock_now(void);

/* From here on signals are seen in clock_wait alone. */
void clock_open(void);

/* Waits until one of n files is ready, a signal comes or so many milliseconds
 * are over; 0 only looks. Returns how many files are ready. */
int clock_wait(struct pollfd *files, nfds_t n, long ms);

/* For a child of fork: signals as any program expects them. */
void clock_reset_signals(void);

/* A time to wait before attempt number n (from 0) that doubles from about
 * first ms to max ms, of which a random part between half and all. */
long clock_backoff(int n, long first, long max);

#endif
