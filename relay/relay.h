/* The loop: claim, send, settle, wait. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>

/* What the command line says. */
typedef struct Options
{
	const char *config;		/* a file, or NULL */
	const char *exec;		/* a program, or NULL */
	char *const *arguments; /* the program's */
	bool once;
} Options;

/* Works until it is told to stop or, with once, until nothing is due. Returns
 * the exit code: 0, 1 if once could not send something, EX_CONFIG. */
int relay_run(const Options *options);

#endif
