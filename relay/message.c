#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "message.h"

/* Octets in a line; RFC 2047 allows 76 where an encoded-word is. */
#define LINE_MAX_OCTETS	   78
#define ENCODED_MAX_OCTETS 76
#define WORD_BEFORE		   "=?UTF-8?B?"
#define WORD_AFTER		   "?="
#define WORD_MAX_OCTETS	   75

#define PROBLEM_RECIPIENT "the recipient's address cannot be used in SMTP"
#define PROBLEM_ID		  "the Message-ID is not one"
#define PROBLEM_SENDER	  "the sender's address cannot be used in SMTP"

/* ---- folding and encoding */

/* Octets in the line that is being written. */
static size_t
column(const Text *out)
{
	size_t start = out->len;

	while (start > 0 && out->data[start - 1] != '\n')
		start--;
	return out->len - start;
}

/* One encoded-word of whole characters, as many as the line takes; returns
 * where the next begins. */
static const char *
add_word(Text *out, const char *at, const char *end)
{
	char base64[WORD_MAX_OCTETS + 1];
	size_t room = ENCODED_MAX_OCTETS - column(out);
	size_t octets;
	const char *stop = at;

	if (room > WORD_MAX_OCTETS)
		room = WORD_MAX_OCTETS;
	room -= strlen(WORD_BEFORE WORD_AFTER);
	octets = room / 4 * 3;
	while (stop < end)
	{
		const char *next = stop;

		(void) utf8_next(&next, end);
		if ((size_t) (next - at) > octets)
			break;
		stop = next;
	}
	sodium_bin2base64(base64, sizeof(base64), (const unsigned char *) at,
					  (size_t) (stop - at), sodium_base64_VARIANT_ORIGINAL);
	text_puts(out, WORD_BEFORE);
	text_puts(out, base64);
	text_puts(out, WORD_AFTER);
	sodium_memzero(base64, sizeof(base64));
	return stop;
}

/* Spaces between two encoded-words do not count, so any text comes back. */
static void
add_encoded(Text *out, const char *value, size_t len)
{
	const char *at = value;
	const char *end = value + len;

	while (at < end)
	{
		if (at != value)
			text_puts(out, "\r\n ");
		at = add_word(out, at, end);
	}
}

/* Words as they are, folded before the space where a line would get too long;
 * false, and nothing added, if one is too long for that. */
static bool
add_folded(Text *out, const char *value, size_t len)
{
	Text folded = { 0 };
	size_t width = column(out);
	const char *at = value;
	const char *end = value + len;
	bool fits = true;

	while (at < end && fits)
	{
		const char *stop = at + 1;

		while (stop < end && *stop != ' ')
			stop++;
		if (width + (size_t) (stop - at) > LINE_MAX_OCTETS)
		{
			fits = at > value && *at == ' ' && stop - at <= LINE_MAX_OCTETS;
			text_puts(&folded, "\r\n");
			width = 0;
		}
		text_add(&folded, at, (size_t) (stop - at));
		width += (size_t) (stop - at);
		at = stop;
	}
	if (fits)
		text_add(out, text_get(&folded), folded.len);
	text_wipe(&folded);
	return fits;
}

/* Whether a reader would not see it as it is: two spaces could end up around a
 * fold, and what looks encoded would be decoded. */
static bool
needs_encoding(const Text *value)
{
	const char *text = text_get(value);

	return !is_ascii(text) || strstr(text, "=?") != NULL ||
		   strstr(text, "  ") != NULL || text[0] == ' ' ||
		   (value->len > 0 && text[value->len - 1] == ' ');
}

/* ---- headers */

static void
begin(Text *out, const char *name)
{
	text_puts(out, name);
	text_puts(out, ": ");
}

void
header_text(Text *out, const char *name, const char *value)
{
	Text clean = { 0 };

	begin(out, name);
	text_clean(&clean, value, strlen(value));
	if (needs_encoding(&clean) || !add_folded(out, text_get(&clean), clean.len))
		add_encoded(out, text_get(&clean), clean.len);
	text_wipe(&clean);
}

/* A name whose words are all atoms needs no quotes. */
static bool
is_phrase_of_atoms(const char *name)
{
	for (; *name != '\0'; name++)
	{
		if (strchr("()<>[]:;@\\,.\"", *name) != NULL)
			return false;
	}
	return true;
}

static void
add_phrase(Text *out, const Text *name)
{
	Text quoted = { 0 };
	const char *at = text_get(name);

	if (is_phrase_of_atoms(at))
		text_puts(&quoted, at);
	else
	{
		text_puts(&quoted, "\"");
		for (; *at != '\0'; at++)
		{
			if (*at == '"' || *at == '\\')
				text_puts(&quoted, "\\");
			text_add(&quoted, at, 1);
		}
		text_puts(&quoted, "\"");
	}
	if (needs_encoding(name) || !add_folded(out, text_get(&quoted), quoted.len))
		add_encoded(out, text_get(name), name->len);
	text_wipe(&quoted);
}

void
header_mailbox(Text *out, const char *name, const char *shown,
			   const char *address)
{
	Text clean = { 0 };

	begin(out, name);
	if (shown != NULL)
		text_clean(&clean, shown, strlen(shown));
	if (strspn(text_get(&clean), " ") == clean.len)
		text_puts(out, address);
	else
	{
		add_phrase(out, &clean);
		if (column(out) + strlen(address) + 3 > LINE_MAX_OCTETS)
			text_puts(out, "\r\n");
		text_puts(out, " <");
		text_puts(out, address);
		text_puts(out, ">");
	}
	text_wipe(&clean);
}

void
header_date(Text *out, time_t now)
{
	/* strftime would write in the locale's language. */
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed",
									 "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr",
										"May", "Jun", "Jul", "Aug",
										"Sep", "Oct", "Nov", "Dec" };
	struct tm utc;

	if (gmtime_r(&now, &utc) == NULL)
		return;
	begin(out, "Date");
	text_format(out, "%s, %d %s %d %02d:%02d:%02d +0000", days[utc.tm_wday],
				utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900,
				utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* <something@something> of visible ASCII, short enough for its line. */
static bool
is_message_id(const char *id)
{
	size_t len = strlen(id);

	if (len < 5 || len > 250 || id[0] != '<' || id[len - 1] != '>' ||
		strchr(id, '@') == NULL)
		return false;
	for (size_t i = 1; i + 1 < len; i++)
	{
		if (id[i] <= ' ' || id[i] > '~' || id[i] == '<' || id[i] == '>')
			return false;
	}
	return true;
}

/* ---- bodies */

/* RFC 2045 wants CRLF in a text before it is encoded. */
static void
add_lines(Text *out, const char *body)
{
	while (*body != '\0')
	{
		size_t len = strcspn(body, "\r\n");

		text_add(out, body, len);
		body += len;
		if (*body == '\0')
			break;
		text_puts(out, "\r\n");
		body += body[0] == '\r' && body[1] == '\n' ? 2 : 1;
	}
}

/* ---- the message */

static Text *
next_header(Message *message)
{
	return &message->headers[message->n_headers++];
}

static void
add_headers(Message *message, const Mail *mail, const Mailbox *reply_to,
			time_t now)
{
	header_date(next_header(message), now);
	header_mailbox(next_header(message), "From", text_get(&message->from.name),
				   text_get(&message->from.address));
	if (reply_to != NULL)
		header_mailbox(next_header(message), "Reply-To",
					   text_get(&reply_to->name), text_get(&reply_to->address));
	header_mailbox(next_header(message), "To", mail->recipient_name,
				   mail->recipient);
	header_text(next_header(message), "Subject", mail->subject);
	text_format(next_header(message), "Message-ID: %s", mail->message_id);
	text_puts(next_header(message), "MIME-Version: 1.0");
	/* Neither somebody's "out of office" nor Exchange's should answer. */
	text_puts(next_header(message), "Auto-Submitted: auto-generated");
	text_puts(next_header(message), "X-Auto-Response-Suppress: All");
	/* libcurl adds the boundary. */
	if (mail->body_html != NULL)
		text_puts(next_header(message), "Content-Type: multipart/alternative");
}

const char *
message_make(Message *message, const Mail *mail, const Mailbox *own,
			 const Mailbox *reply_to, time_t now)
{
	*message = (Message){ 0 };
	if (!address_is_good(mail->recipient))
		return PROBLEM_RECIPIENT;
	if (!is_message_id(mail->message_id))
		return PROBLEM_ID;
	message->own_sender = mail->sender == NULL || *mail->sender == '\0';
	if (message->own_sender)
	{
		text_puts(&message->from.name, text_get(&own->name));
		text_puts(&message->from.address, text_get(&own->address));
	}
	else if (!mailbox_read(&message->from, mail->sender))
		return PROBLEM_SENDER;
	add_headers(message, mail, reply_to, now);
	add_lines(&message->text, mail->body_text);
	if (mail->body_html != NULL)
	{
		text_puts(&message->html, "");
		add_lines(&message->html, mail->body_html);
	}
	return NULL;
}

void
message_wipe(Message *message)
{
	mailbox_wipe(&message->from);
	for (int i = 0; i < message->n_headers; i++)
		text_wipe(&message->headers[i]);
	message->n_headers = 0;
	text_wipe(&message->text);
	text_wipe(&message->html);
}
