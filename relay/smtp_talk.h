/* Follows an SMTP conversation that libcurl holds. */
#ifndef RELAY_SMTP_TALK_H
#define RELAY_SMTP_TALK_H

#include <curl/curl.h>

#include "text.h"
#include "verdict.h"

typedef struct SmtpTalk
{
	Conversation state;
	Text reply; /* to the last command */
	bool leaving;
} SmtpTalk;

/* Before each transfer; whose sender it is stays as it was set. */
void smtp_talk_begin(SmtpTalk *talk);

/* For CURLOPT_DEBUGFUNCTION; keeps nothing but replies. */
int smtp_talk_listen(CURL *curl, curl_infotype type, char *data, size_t len,
					 void *talk);

/* The server will get, or has got, something of the message. */
void smtp_talk_body(SmtpTalk *talk);

/* Says what is wrong and what to do about it, for the log: from libcurl's own
 * words only as long as no mail, and so no address, was spoken of. */
void smtp_talk_advise(const Conversation *state, int curl_code, const char *why,
					  Text *advice);

#endif
