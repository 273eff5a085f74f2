/* What the end of an attempt means for the mail. Pure. */
#ifndef RELAY_VERDICT_H
#define RELAY_VERDICT_H

#include <stdbool.h>

#include "text.h"

/* Octets of an error that the outbox keeps. */
#define ERROR_MAX 300

typedef enum Result
{
	RESULT_SENT,
	RESULT_LATER,
	RESULT_FAILED
} Result;

typedef struct Outcome
{
	Result result;
	/* The server, the program or our settings are at fault, not the mail: no
	 * more of them should be claimed before that is mended. */
	bool trouble;
	int code;	 /* of SMTP or of the program's exit; 0 if there was none */
	Text error;	 /* for the outbox: printable, without a link */
	Text advice; /* for the log in times of trouble: without an address */
} Outcome;

/* How far a conversation with an SMTP server had come. */
typedef enum Phase
{
	PHASE_CONNECT,
	PHASE_LOGIN, /* EHLO, STARTTLS, AUTH */
	PHASE_MAIL,
	PHASE_RCPT,
	PHASE_DATA, /* the command was sent */
	PHASE_BODY	/* something of the message was */
} Phase;

typedef struct Conversation
{
	Phase phase;
	int code;	 /* of the reply to the last command, 0 if none came */
	bool reused; /* the connection had been used before */
	bool own_sender;
} Conversation;

/* Fills in result, trouble and code. */
void verdict_of_smtp(Outcome *outcome, bool ok, const Conversation *talk);

/* Whether a conversation that failed may be held once more on a new connection:
 * the old one may have been closed by the server long ago, and the message
 * cannot have been accepted. */
bool verdict_may_repeat(const Conversation *talk);

/* Fills them in for a program that ended: exit code, or by a signal (0 if it
 * was none). */
void verdict_of_exit(Outcome *outcome, int code, int signal);

/* sent, later or failed. */
const char *result_name(Result result);

void outcome_wipe(Outcome *outcome);

#endif
