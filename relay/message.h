/* From a mail of the outbox to the headers and bodies of a message. Pure: the
 * time is a parameter, and MIME's parts are libcurl's work. */
#ifndef RELAY_MESSAGE_H
#define RELAY_MESSAGE_H

#include <time.h>

#include "address.h"
#include "text.h"

#define MESSAGE_HEADERS 10

/* A row of users_claim_mail. NULL is possible for recipient_name, body_html,
 * sender and json, which only --exec asks for. */
typedef struct Mail
{
	const char *id;
	const char *kind;
	const char *recipient;
	const char *recipient_name;
	const char *subject;
	const char *body_text;
	const char *body_html;
	const char *message_id;
	const char *sender;
	const char *json;
	int attempt;
} Mail;

/* What is sent. Ends with message_wipe. */
typedef struct Message
{
	Mailbox from;
	bool own_sender; /* the relay's, not one that the mail has brought */
	/* Without CRLF at their ends; folded ones have it inside. */
	Text headers[MESSAGE_HEADERS];
	int n_headers;
	Text text; /* lines end with CRLF */
	Text html; /* data is NULL if there is none */
} Message;

/* Builds it, or says what is wrong with the mail that no later attempt could
 * mend. own is the relay's sender; reply_to may be NULL. */
__attribute__((warn_unused_result)) const char *
message_make(Message *message, const Mail *mail, const Mailbox *own,
			 const Mailbox *reply_to, time_t now);

void message_wipe(Message *message);

/* The parts of message_make, for its tests. Each appends one header: its name,
 * then a value of any octets as RFC 5322 and RFC 2047 want it, no line above 78
 * octets (but for an address that is longer). */
void header_text(Text *out, const char *name, const char *value);
void header_mailbox(Text *out, const char *name, const char *shown,
					const char *address);
void header_date(Text *out, time_t now);

#endif
