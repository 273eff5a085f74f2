#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <sodium.h>

#include "clock.h"
#include "smtp.h"
#include "smtp_talk.h"

#define CONNECT_SECONDS 30
#define QUIT_SECONDS	3L
#define FRESH_MS		10000
/* Servers close idle connections after some minutes, busy ones earlier. */
#define REST_MS 20000

struct Smtp
{
	const Settings *settings;
	CURL *curl; /* NULL while there is no connection to keep */
	SmtpTalk talk;
	long last_use; /* 0 if that went wrong */
	char error[CURL_ERROR_SIZE];
};

Smtp *
smtp_open(const Settings *settings)
{
	Smtp *smtp = calloc(1, sizeof(*smtp));

	if (smtp == NULL)
		abort();
	smtp->settings = settings;
	return smtp;
}

bool
smtp_is_fresh(const Smtp *smtp)
{
	return smtp->last_use != 0 && clock_now() - smtp->last_use < FRESH_MS;
}

/* ---- one transfer */

/* Bodies that nobody asked for. */
static size_t
discard(char *data, size_t size, size_t n, void *argument)
{
	return size * n;
}

#define SET(option, value)                                                     \
	do                                                                         \
	{                                                                          \
		if (result == CURLE_OK)                                                \
			result = curl_easy_setopt(curl, option, value);                    \
	} while (0)

static CURLcode
set_security(CURL *curl, const Settings *settings)
{
	static const long levels[] = { [TLS_UNSET] = CURLUSESSL_ALL,
								   [TLS_REQUIRED] = CURLUSESSL_ALL,
								   [TLS_OPTIONAL] = CURLUSESSL_TRY,
								   [TLS_OFF] = CURLUSESSL_NONE };
	CURLcode result = CURLE_OK;

	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_PROXY, ""); /* nor one from the environment */
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_USE_SSL, levels[settings->smtp_tls]);
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (settings->smtp_ca_file != NULL)
	{
		SET(CURLOPT_CAINFO, settings->smtp_ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (settings->smtp_user != NULL)
	{
		SET(CURLOPT_USERNAME, settings->smtp_user);
		SET(CURLOPT_PASSWORD, settings->smtp_password);
	}
	return result;
}

static CURLcode
set_options(Smtp *smtp)
{
	CURL *curl = smtp->curl;
	long timeout = smtp->settings->timeout;
	CURLcode result = CURLE_OK;

	SET(CURLOPT_URL, smtp->settings->smtp_address);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT, timeout);
	/* What the above does not reach: the QUIT after a refusal. */
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, timeout);
	SET(CURLOPT_CONNECTTIMEOUT,
		timeout < CONNECT_SECONDS ? timeout : (long) CONNECT_SECONDS);
	SET(CURLOPT_MAXCONNECTS, 1L);
	SET(CURLOPT_MAXAGE_CONN, REST_MS / 1000L);
	SET(CURLOPT_ERRORBUFFER, smtp->error);
	SET(CURLOPT_WRITEFUNCTION, discard);
	/* It sees commands and replies, which nothing else tells apart. */
	SET(CURLOPT_DEBUGFUNCTION, smtp_talk_listen);
	SET(CURLOPT_DEBUGDATA, &smtp->talk);
	SET(CURLOPT_VERBOSE, 1L);
	return result == CURLE_OK ? set_security(curl, smtp->settings) : result;
}

/* Makes ready for a transfer on the connection that is there, if one is. */
static CURLcode
prepare(Smtp *smtp)
{
	if (smtp->curl == NULL)
		smtp->curl = curl_easy_init();
	if (smtp->curl == NULL)
		return CURLE_FAILED_INIT;
	curl_easy_reset(smtp->curl);
	return set_options(smtp);
}

static CURLcode
perform_once(Smtp *smtp)
{
	long connects = 1;
	CURLcode result;

	smtp_talk_begin(&smtp->talk);
	smtp->error[0] = '\0';
	result = curl_easy_perform(smtp->curl);
	(void) curl_easy_getinfo(smtp->curl, CURLINFO_NUM_CONNECTS, &connects);
	smtp->talk.state.reused = connects == 0;
	smtp->last_use = result == CURLE_OK ? clock_now() : 0;
	return result;
}

/* Once more on a new connection, if the server has left the old one; both
 * together take no longer than one may. */
static CURLcode
perform(Smtp *smtp)
{
	CURL *curl = smtp->curl;
	long deadline = clock_now() + smtp->settings->timeout * 1000L;
	CURLcode result = perform_once(smtp);
	long left = deadline - clock_now();

	if (result == CURLE_OK || !verdict_may_repeat(&smtp->talk.state) ||
		left <= 0)
		return result;
	result = CURLE_OK;
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_TIMEOUT_MS, left);
	return result == CURLE_OK ? perform_once(smtp) : result;
}

/* One that has stopped answering would keep libcurl waiting for the reply to
 * its QUIT. */
static void
hang_up(CURL *curl)
{
	curl_socket_t file = CURL_SOCKET_BAD;

	if (curl != NULL &&
		curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &file) == CURLE_OK &&
		file != CURL_SOCKET_BAD)
		(void) shutdown(file, SHUT_RDWR);
	curl_easy_cleanup(curl);
}

/* Takes leave, in a few seconds at most. */
static void
disconnect(Smtp *smtp)
{
	if (smtp->curl != NULL && smtp->last_use != 0)
	{
		CURL *curl = smtp->curl;
		CURLcode result = prepare(smtp);

		SET(CURLOPT_NOBODY, 1L);
		SET(CURLOPT_CUSTOMREQUEST, "QUIT");
		SET(CURLOPT_TIMEOUT, QUIT_SECONDS);
		SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, QUIT_SECONDS);
		if (result == CURLE_OK)
			(void) perform_once(smtp);
	}
	hang_up(smtp->curl);
	smtp->curl = NULL;
	smtp->last_use = 0;
}

void
smtp_close(Smtp *smtp)
{
	if (smtp == NULL)
		return;
	disconnect(smtp);
	text_wipe(&smtp->talk.reply);
	free(smtp);
}

void
smtp_rest(Smtp *smtp)
{
	if (smtp->curl != NULL && clock_now() - smtp->last_use >= REST_MS)
		disconnect(smtp);
}

/* What came of it, for the mail, the outbox and the log. */
static void
judge(Smtp *smtp, CURLcode result, Outcome *outcome)
{
	const char *why =
		*smtp->error != '\0' ? smtp->error : curl_easy_strerror(result);

	verdict_of_smtp(outcome, result == CURLE_OK, &smtp->talk.state);
	if (outcome->result == RESULT_SENT)
		return;
	if (outcome->code >= 400)
		text_quote(&outcome->error, text_get(&smtp->talk.reply),
				   smtp->talk.reply.len, ERROR_MAX);
	if (outcome->error.len == 0)
		text_quote(&outcome->error, why, strlen(why), ERROR_MAX);
	if (outcome->trouble)
		smtp_talk_advise(&smtp->talk.state, (int) result, why,
						 &outcome->advice);
}

/* ---- asking without sending */

/* One command; a refusal closes the connection. */
static bool
command(Smtp *smtp, const char *line, Outcome *outcome)
{
	CURL *curl;
	CURLcode result = prepare(smtp);

	curl = smtp->curl;
	SET(CURLOPT_NOBODY, 1L);
	SET(CURLOPT_CUSTOMREQUEST, line);
	if (result == CURLE_OK)
		result = perform(smtp);
	if (result == CURLE_OK && smtp->talk.state.code / 100 == 2)
		return true;
	if (result == CURLE_OK)
		result = CURLE_WEIRD_SERVER_REPLY;
	judge(smtp, result, outcome);
	return false;
}

bool
smtp_try_login(Smtp *smtp, Outcome *outcome)
{
	return command(smtp, "NOOP", outcome);
}

bool
smtp_try_sender(Smtp *smtp, Outcome *outcome)
{
	const char *sender = text_get(&smtp->settings->sender.address);
	Text line = { 0 };
	bool good;

	/* libcurl would have to ask the server whether it knows SMTPUTF8. */
	if (!is_ascii(sender))
		return true;
	text_format(&line, "MAIL FROM:<%s>", sender);
	smtp->talk.state.own_sender = true;
	good = command(smtp, text_get(&line), outcome) &&
		   command(smtp, "RSET", outcome);
	text_wipe(&line);
	return good;
}

bool
smtp_probe(Smtp *smtp, Outcome *outcome)
{
	return smtp_try_login(smtp, outcome) && smtp_try_sender(smtp, outcome);
}

/* ---- a mail */

/* A body that libcurl reads, so that it keeps no copy. */
typedef struct Body
{
	const Text *text;
	size_t at;
	SmtpTalk *talk;
} Body;

static size_t
read_body(char *buffer, size_t size, size_t n, void *argument)
{
	Body *body = argument;
	size_t len = body->text->len - body->at;

	smtp_talk_body(body->talk);
	if (len > size * n)
		len = size * n;
	if (len > 0)
		memcpy(buffer, body->text->data + body->at, len);
	body->at += len;
	return len;
}

static int
seek_body(void *argument, curl_off_t offset, int origin)
{
	Body *body = argument;

	if (origin != SEEK_SET || offset < 0 || (size_t) offset > body->text->len)
		return CURL_SEEKFUNC_CANTSEEK;
	body->at = (size_t) offset;
	return CURL_SEEKFUNC_OK;
}

static CURLcode
add_part(curl_mime *mime, Body *body, const char *type)
{
	curl_mimepart *part = curl_mime_addpart(mime);
	CURLcode result = CURLE_OUT_OF_MEMORY;

	if (part != NULL)
		result = curl_mime_data_cb(part, (curl_off_t) body->text->len,
								   read_body, seek_body, NULL, body);
	if (result == CURLE_OK)
		result = curl_mime_type(part, type);
	if (result == CURLE_OK)
		result = curl_mime_encoder(part, "quoted-printable");
	return result;
}

static struct curl_slist *
list_headers(const Message *message)
{
	struct curl_slist *list = NULL;

	for (int i = 0; i < message->n_headers; i++)
	{
		struct curl_slist *longer =
			curl_slist_append(list, text_get(&message->headers[i]));

		if (longer == NULL)
			abort();
		list = longer;
	}
	return list;
}

static void
free_headers(struct curl_slist *list)
{
	for (struct curl_slist *at = list; at != NULL; at = at->next)
		sodium_memzero(at->data, strlen(at->data));
	curl_slist_free_all(list);
}

static CURLcode
transfer(Smtp *smtp, const Message *message, const char *to)
{
	Body text = { .text = &message->text, .talk = &smtp->talk };
	Body html = { .text = &message->html, .talk = &smtp->talk };
	CURLcode result = prepare(smtp);
	CURL *curl = smtp->curl;
	struct curl_slist *headers = list_headers(message);
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	curl_mime *mime = result == CURLE_OK ? curl_mime_init(curl) : NULL;

	if (result == CURLE_OK && (mime == NULL || recipients == NULL))
		result = CURLE_OUT_OF_MEMORY;
	if (result == CURLE_OK)
		result = add_part(mime, &text, "text/plain; charset=UTF-8");
	if (result == CURLE_OK && message->html.data != NULL)
		result = add_part(mime, &html, "text/html; charset=UTF-8");
	SET(CURLOPT_MAIL_FROM, text_get(&message->from.address));
	SET(CURLOPT_MAIL_RCPT, recipients);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_MIMEPOST, mime);
	if (result == CURLE_OK)
		result = perform(smtp);
	if (curl != NULL)
		curl_easy_reset(curl); /* before what it points to goes */
	curl_mime_free(mime);
	free_headers(headers);
	free_headers(recipients);
	return result;
}

void
smtp_send(Smtp *smtp, const Mail *mail, Outcome *outcome)
{
	Message message;
	const Settings *settings = smtp->settings;
	const char *problem = message_make(
		&message, mail, &settings->sender,
		settings->reply_to == NULL ? NULL : &settings->answers, time(NULL));

	if (problem != NULL)
	{
		outcome->result = RESULT_FAILED;
		text_puts(&outcome->error, problem);
	}
	else
	{
		smtp->talk.state.own_sender = message.own_sender;
		judge(smtp, transfer(smtp, &message, mail->recipient), outcome);
	}
	message_wipe(&message);
}
