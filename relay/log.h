/* Lines for standard error. None of them has an address, a name, a subject, a
 * token, a link or what a server said about a mail, however verbose. */
#ifndef RELAY_LOG_H
#define RELAY_LOG_H

#include <stdbool.h>

#include "verdict.h"

typedef enum Level
{
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_INFO = 6,
	LEVEL_DEBUG = 7 /* with --verbose */
} Level;

/* Under systemd's journal, lines get their priority. */
void log_open(bool verbose);

/* The key under which recipients are hashed, so that their lines can be told to
 * belong together; NULL makes one that is forgotten with the process. */
void log_set_key(const char *key);

/* One line; what is put in must be printable already. */
__attribute__((format(printf, 2, 3))) void log_say(Level level,
												   const char *format, ...);

/* What became of a mail. */
typedef struct MailLine
{
	const char *id;
	const char *kind;
	const char *recipient;
	int attempt;
	long ms;
} MailLine;

void log_mail(const MailLine *mail, const Outcome *outcome);

#endif
