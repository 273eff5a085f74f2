/* Sending by SMTP: libcurl holds the conversation and builds the MIME parts. */
#ifndef RELAY_SMTP_H
#define RELAY_SMTP_H

#include <stdbool.h>

#include "message.h"
#include "settings.h"
#include "verdict.h"

typedef struct Smtp Smtp;

/* Connects to nothing yet. The settings must live as long as it does. */
Smtp *smtp_open(const Settings *settings);
void smtp_close(Smtp *smtp);

/* Whether the server can be reached and lets us in, and whether it takes mail
 * from our sender; else outcome says why not. Nothing is sent. */
bool smtp_try_login(Smtp *smtp, Outcome *outcome);
bool smtp_try_sender(Smtp *smtp, Outcome *outcome);

/* Both: no mail should be claimed before. */
bool smtp_probe(Smtp *smtp, Outcome *outcome);

/* Sends one mail, on the connection of the last one if that is still there. */
void smtp_send(Smtp *smtp, const Mail *mail, Outcome *outcome);

/* Whether there is a connection that was used in the last few seconds. */
bool smtp_is_fresh(const Smtp *smtp);

/* Gives up a connection that has not been used for a while. */
void smtp_rest(Smtp *smtp);

#endif
