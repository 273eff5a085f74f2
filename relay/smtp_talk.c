#include <string.h>

#include "smtp_talk.h"

#define REPLY_MAX 1000

void
smtp_talk_begin(SmtpTalk *talk)
{
	bool own_sender = talk->state.own_sender;

	talk->state = (Conversation){ .own_sender = own_sender };
	talk->leaving = false;
	text_wipe(&talk->reply);
}

static bool
begins(const char *data, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(data, word, strlen(word)) == 0;
}

/* Lines of an authentication look like anything, so the order counts too. */
static void
on_command(SmtpTalk *talk, const char *data, size_t len)
{
	Phase *phase = &talk->state.phase;

	/* What came before the farewell counts. */
	talk->leaving = begins(data, len, "QUIT\r\n");
	if (talk->leaving)
		return;
	if (begins(data, len, "MAIL FROM:"))
		*phase = PHASE_MAIL;
	else if (*phase == PHASE_MAIL && begins(data, len, "RCPT TO:"))
		*phase = PHASE_RCPT;
	else if (*phase == PHASE_RCPT && begins(data, len, "DATA\r\n"))
		*phase = PHASE_DATA;
	else if (*phase == PHASE_CONNECT)
		*phase = PHASE_LOGIN;
	talk->state.code = 0;
	text_wipe(&talk->reply);
}

/* "250-first line", "250 last line". */
static void
on_reply(SmtpTalk *talk, const char *line, size_t len)
{
	int code = 0;

	if (talk->leaving)
		return;
	for (size_t i = 0; i < 3; i++)
	{
		if (i >= len || line[i] < '0' || line[i] > '9')
			return;
		code = code * 10 + (line[i] - '0');
	}
	if (len == 3 || line[3] != '-')
		talk->state.code = code;
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (talk->reply.len + len > REPLY_MAX)
		return;
	/* The code once is enough. */
	if (talk->reply.len > 0)
		text_puts(&talk->reply, " ");
	text_add(&talk->reply, talk->reply.len > 0 && len > 4 ? line + 4 : line,
			 talk->reply.len > 0 && len > 4 ? len - 4 : len);
}

void
smtp_talk_body(SmtpTalk *talk)
{
	if (talk->state.phase == PHASE_DATA)
	{
		talk->state.phase = PHASE_BODY;
		talk->state.code = 0;
		text_wipe(&talk->reply);
	}
}

int
smtp_talk_listen(CURL *curl, curl_infotype type, char *data, size_t len,
				 void *talk)
{
	if (type == CURLINFO_HEADER_OUT)
		on_command(talk, data, len);
	else if (type == CURLINFO_HEADER_IN)
		on_reply(talk, data, len);
	else if (type == CURLINFO_DATA_OUT)
		smtp_talk_body(talk);
	return 0;
}

static const char *
what_to_do(const Conversation *state, int curl_code)
{
	switch (state->code)
	{
		case 530:
			return "the server asks for a login or for encryption: set "
				   "USERS_MAIL_SMTP_USER and a password, and "
				   "USERS_MAIL_SMTP_TLS=required";
		case 534:
		case 535:
		case 538:
			return "check USERS_MAIL_SMTP_USER and USERS_MAIL_SMTP_PASSWORD";
		default:
			break;
	}
	if (state->phase == PHASE_MAIL && state->code / 100 == 5)
		return "the server refuses the sender: check USERS_MAIL_FROM";
	switch (curl_code)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_CONNECT:
			return "check USERS_MAIL_SMTP_URL and the server";
		case CURLE_USE_SSL_FAILED:
			return "the server offers no STARTTLS here: use another port, or "
				   "set USERS_MAIL_SMTP_TLS";
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CACERT_BADFILE:
			return "name the authority that signed the server's certificate "
				   "in USERS_MAIL_SMTP_CA_FILE, and the host as the "
				   "certificate does in USERS_MAIL_SMTP_URL";
		case CURLE_SSL_CONNECT_ERROR:
			return "smtp:// is for STARTTLS, smtps:// for encryption from the "
				   "start: check USERS_MAIL_SMTP_URL";
		case CURLE_LOGIN_DENIED:
			return "check USERS_MAIL_SMTP_USER and USERS_MAIL_SMTP_PASSWORD";
		case CURLE_OPERATION_TIMEDOUT:
			return "the server does not answer; check USERS_MAIL_SMTP_URL and "
				   "whether a firewall is in the way";
		default:
			return "see the server's log";
	}
}

void
smtp_talk_advise(const Conversation *state, int curl_code, const char *why,
				 Text *advice)
{
	if (state->phase >= PHASE_MAIL)
		why = state->code >= 400 ? "the server refuses"
								 : curl_easy_strerror((CURLcode) curl_code);
	text_clean(advice, why, strlen(why));
	if (state->code >= 400)
		text_format(advice, " (reply %d)", state->code);
	text_puts(advice, "; ");
	text_puts(advice, what_to_do(state, curl_code));
}
