/* Who takes the mails: an SMTP server or a program. */
#ifndef RELAY_CARRIER_H
#define RELAY_CARRIER_H

#include <stdbool.h>

#include "exec.h"
#include "settings.h"
#include "smtp.h"

typedef struct Carrier
{
	const char *name; /* for the log */
	Smtp *smtp;		  /* NULL for a program */
	Program program;
} Carrier;

/* arguments are the program's. The settings must live as long as it does. */
void carrier_open(Carrier *carrier, const Settings *settings,
				  char *const *arguments);
void carrier_close(Carrier *carrier);

/* Whether mails can be handed over at all; else outcome says why not. */
bool carrier_probe(Carrier *carrier, Outcome *outcome);

void carrier_send(Carrier *carrier, const Mail *mail, Outcome *outcome);

/* Whether it worked a moment ago, so that it is likely to now. */
bool carrier_is_fresh(const Carrier *carrier);

/* There is nothing to do for now. */
void carrier_rest(Carrier *carrier);

#endif
