/* Handing mails to a program instead of an SMTP server. */
#ifndef RELAY_EXEC_H
#define RELAY_EXEC_H

#include <stdbool.h>

#include "message.h"
#include "verdict.h"

typedef struct Program
{
	const char *path;
	char *const *arguments; /* after its name; ends with NULL */
	int timeout;			/* seconds that it may take */
} Program;

/* Seconds between asking it to end and ending it. */
#define EXEC_GRACE_SECONDS 5

/* Whether it could be started; else outcome says why. */
bool exec_probe(const Program *program, Outcome *outcome);

/* Runs it with the mail as a line of JSON on its standard input, in an
 * environment of PATH, LANG and TZ, and waits for its end. */
void exec_send(const Program *program, const Mail *mail, Outcome *outcome);

#endif
