/* Headers of any value keep to their line, come back as they were, and add
 * nothing that was not meant. */
#include <sodium.h>

#include "message.h"
#include "tap.h"

#define OWN "accounts@example.org"

/* ---- reading a header back, as a mail program does */

static void
decode_word(Text *out, const char *at, const char *end)
{
	unsigned char bytes[80];
	size_t n = 0;

	if (sodium_base642bin(bytes, sizeof(bytes), at, (size_t) (end - at), NULL,
						  &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0)
		text_add(out, (const char *) bytes, n);
}

/* Unfolds and decodes; spaces between encoded-words do not count. */
static void
decode(Text *out, const char *value)
{
	while (*value != '\0')
	{
		const char *end;

		if (strncmp(value, "\r\n ", 3) == 0)
		{
			value += 2;
			continue;
		}
		if (strncmp(value, "=?UTF-8?B?", 10) != 0)
		{
			text_add(out, value++, 1);
			continue;
		}
		end = strstr(value + 10, "?=");
		if (end == NULL)
			return;
		decode_word(out, value + 10, end);
		value = end + 2;
		if (strncmp(value, "\r\n =?", 5) == 0)
			value += 3;
	}
}

/* The longest line, or 0 if something that is not a fold breaks one. */
static size_t
longest_line(const char *header)
{
	size_t longest = 0;

	for (;;)
	{
		size_t len = strcspn(header, "\r\n");

		if (len > longest)
			longest = len;
		header += len;
		if (*header == '\0')
			return longest;
		if (strncmp(header, "\r\n ", 3) != 0 ||
			strspn(header + 2, " ") == strcspn(header + 2, "\r\n"))
			return 0;
		header += 2;
	}
}

static bool
words_are_short(const char *header)
{
	const char *at = header;

	while ((at = strstr(at, "=?UTF-8?B?")) != NULL)
	{
		const char *end = strstr(at + 10, "?=");

		if (end == NULL || end + 2 - at > 75)
			return false;
		at = end;
	}
	return true;
}

static bool
only_printable(const char *header)
{
	for (; *header != '\0'; header++)
	{
		if ((*header < ' ' && *header != '\r' && *header != '\n') ||
			(unsigned char) *header > '~')
			return false;
	}
	return true;
}

/* ---- subjects */

static void
subject(const char *value, const char *wanted, const char *name)
{
	Text header = { 0 };
	Text back = { 0 };
	char *exact = tap_exact(value, strlen(value) + 1);
	const char *shown;

	header_text(&header, "Subject", exact);
	shown = text_get(&header);
	decode(&back, shown + 9);
	ok(strcmp(text_get(&back), wanted) == 0, "%s: comes back", name);
	ok(longest_line(shown) > 0 && longest_line(shown) <= 78,
	   "%s: lines of at most 78", name);
	ok(words_are_short(shown), "%s: words of at most 75", name);
	ok(only_printable(shown), "%s: ASCII", name);
	free(exact);
	text_wipe(&header);
	text_wipe(&back);
}

static void
repeated(const char *piece, int times, const char *name)
{
	Text value = { 0 };

	for (int i = 0; i < times; i++)
		text_puts(&value, piece);
	subject(text_get(&value), text_get(&value), name);
	text_wipe(&value);
}

static void
subjects(void)
{
	subject("", "", "empty");
	subject("Hello", "Hello", "plain");
	subject("<script>alert(1)</script>", "<script>alert(1)</script>", "a tag");
	subject("Grüße 😀", "Grüße 😀", "emoji");
	subject("=?UTF-8?B?SGk=?=", "=?UTF-8?B?SGk=?=", "what looks encoded");
	subject(" two  spaces ", " two  spaces ", "spaces");
	subject("a\r\nBcc: eve@example.org\r\n\r\nbody",
			"a  Bcc: eve@example.org    body", "CR and LF");
	subject("a\rb\nc\td\x01\x7f\x0b", "a b c d   ", "control characters");
	subject("a\xc2\x85\xe2\x80\xa8\xe2\x80\xae z", "a    z", "other line ends");
	subject("\xff\xc3(\xed\xa0\x80\xc0\xaf",
			"\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			"\xef\xbf\xbd\xef\xbf\xbd",
			"no UTF-8");
	subject("caf\xc3", "caf\xef\xbf\xbd", "half a character at the end");
	repeated("x", 998, "998 octets without a space");
	repeated("word ", 399, "long, with a space at the end");
	repeated("ž", 500, "1000 octets of Latin");
	repeated("😀", 300, "1200 octets of emoji");
	repeated("x ž", 400, "a mixture");
	repeated("\\\"", 40, "quotes");
}

/* Every length, so that every place where a line can end. */
static void
lengths(void)
{
	static const char *const pieces[] = { "x", "ž", "€", "😀", "ab " };
	bool good = true;

	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++)
	{
		Text value = { 0 };

		for (int n = 0; n < 200; n++)
		{
			Text header = { 0 };
			Text back = { 0 };

			text_puts(&value, pieces[p]);
			header_text(&header, "Subject", text_get(&value));
			decode(&back, text_get(&header) + 9);
			good = good && strcmp(text_get(&back), text_get(&value)) == 0 &&
				   longest_line(text_get(&header)) <= 78 &&
				   longest_line(text_get(&header)) > 0 &&
				   words_are_short(text_get(&header));
			text_wipe(&header);
			text_wipe(&back);
		}
		text_wipe(&value);
	}
	ok(good, "every length up to 200 characters of each width");
}

/* Any octets at all: no line of ours is broken, and nothing is read beyond
 * them. */
static void
anything(void)
{
	bool good = true;

	for (int i = 0; i < 20000; i++)
	{
		unsigned char seed[randombytes_SEEDBYTES] = { 0 };
		char noise[64];
		char *exact;
		size_t len = (size_t) i % sizeof(noise);
		Text header = { 0 };

		memcpy(seed, &i, sizeof(i));
		randombytes_buf_deterministic(noise, len, seed);
		exact = tap_exact(noise, len + 1);
		exact[len] = '\0';
		if (i % 2 == 0)
			header_text(&header, "Subject", exact);
		else
			header_mailbox(&header, "To", exact, "a@example.org");
		good = good && longest_line(text_get(&header)) > 0 &&
			   longest_line(text_get(&header)) <= 78 &&
			   only_printable(text_get(&header));
		free(exact);
		text_wipe(&header);
	}
	ok(good, "20,000 times noise");
}

/* ---- names */

static void
mailbox_header(const char *shown, const char *wanted)
{
	Text header = { 0 };

	header_mailbox(&header, "To", shown, "a@example.org");
	if (!ok(strcmp(text_get(&header), wanted) == 0, "%s", wanted))
		printf("# got %s\n", text_get(&header));
	text_wipe(&header);
}

static void
names(void)
{
	char long_address[ADDRESS_MAX + 1];
	Text header = { 0 };

	mailbox_header(NULL, "To: a@example.org");
	mailbox_header("", "To: a@example.org");
	mailbox_header("\r\n", "To: a@example.org");
	mailbox_header("Ann Archer", "To: Ann Archer <a@example.org>");
	mailbox_header("O'Neil, \"Q\" \\",
				   "To: \"O'Neil, \\\"Q\\\" \\\\\" <a@example.org>");
	mailbox_header("x@y <z>", "To: \"x@y <z>\" <a@example.org>");
	mailbox_header("Änn", "To: =?UTF-8?B?w4Rubg==?= <a@example.org>");
	mailbox_header("A\r\nBcc: b@c",
				   "To: =?UTF-8?B?QSAgQmNjOiBiQGM=?= <a@example.org>");

	memset(long_address, 'a', ADDRESS_MAX);
	long_address[ADDRESS_MAX] = '\0';
	long_address[60] = '@';
	header_mailbox(&header, "To", "Ann", long_address);
	ok(longest_line(text_get(&header)) == ADDRESS_MAX + 3,
	   "a long address gets a line of its own");
	text_wipe(&header);
}

/* ---- addresses and senders */

static void
addresses(void)
{
	static const char *const good[] = { "a@b", "a.b+c@example.org",
										"žarko@пример.срб", "a@[",
										"o'neil@example.org" };
	static const char *const bad[] = {
		"",
		"a",
		"@b",
		"a@",
		"a@b@c",
		"a b@c",
		"a@b c",
		"<a@b>",
		"a@b>",
		"a@b\r\n",
		"a\n@b",
		"\"a\"@b",
		"a,b@c",
		"a@b,c@d",
		"a@\xff",
		"a@b\x01",
		"a;b@c",
		".a@b",
		"a@.b",
		"a@-b",
		"a\xc2\xa0@b",
		"a@b\xe2\x80\x8b",
		"a:b@c",
		"a(b)@c",
		"a\\@b",
	};
	char long_one[ADDRESS_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(address_is_good(good[i]) == (strchr(good[i], '[') == NULL),
		   "an address or not: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!address_is_good(bad[i]), "no address, number %d", (int) i);
	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	long_one[10] = '@';
	ok(!address_is_good(long_one), "too long");
	ok(address_is_good(long_one + 1), "not too long");
}

static void
sender(const char *value, const char *name, const char *address)
{
	Mailbox mailbox;
	bool good = mailbox_read(&mailbox, value);

	if (address == NULL)
		ok(!good, "no sender: %s", value);
	else
		ok(good && strcmp(text_get(&mailbox.name), name) == 0 &&
			   strcmp(text_get(&mailbox.address), address) == 0,
		   "a sender: %s", value);
	mailbox_wipe(&mailbox);
}

static void
senders(void)
{
	sender("a@b", "", "a@b");
	sender("<a@b>", "", "a@b");
	sender("Ann <a@b>", "Ann", "a@b");
	sender("Ann Archer, Inc. <a@b>", "Ann Archer, Inc.", "a@b");
	sender("\"Ann \\\"A\\\" \\\\\" <a@b>", "Ann \"A\" \\", "a@b");
	sender("\"<x@y>\" <a@b>", "<x@y>", "a@b");
	sender("", NULL, NULL);
	sender("Ann", NULL, NULL);
	sender("Ann <a@b", NULL, NULL);
	sender("Ann a@b>", NULL, NULL);
	sender("Ann <a@b> x", NULL, NULL);
	sender("a@b\r\nBcc: c@d", NULL, NULL);
	sender("Ann <a@b\r\n>", NULL, NULL);
	sender("a@b, c@d", NULL, NULL);
}

/* ---- whole messages */

static Mail
good_mail(void)
{
	return (Mail){ .recipient = "ann@example.org",
				   .recipient_name = "Ann",
				   .subject = "Hello",
				   .body_text = "one\ntwo\r\nthree\rfour",
				   .body_html = "<p>\n",
				   .message_id = "<1@example.org>" };
}

/* Whether it is refused, and otherwise sent from that address. */
static void
makes(const Mail *mail, const char *from, const char *name)
{
	Mailbox own;
	Message message;
	const char *problem;

	if (!mailbox_read(&own, OWN))
		abort();
	problem = message_make(&message, mail, &own, NULL, 0);
	if (from == NULL)
		ok(problem != NULL, "refused: %s", name);
	else
		ok(problem == NULL &&
			   strcmp(text_get(&message.from.address), from) == 0 &&
			   message.own_sender == (strcmp(from, OWN) == 0),
		   "made: %s", name);
	message_wipe(&message);
	mailbox_wipe(&own);
}

static void
refusals(void)
{
	static const char *const bad_ids[] = {
		"",			  "1@example.org", "<1>",	"<1@a b>", "<1@a>\r\nX: y",
		"<1@a><2@b>", "<\x01@b>",	   "<ž@b>",
	};
	Mail mail = good_mail();

	makes(&mail, OWN, "as usual");
	mail.recipient = "a@b\r\nDATA";
	makes(&mail, NULL, "recipient");
	for (size_t i = 0; i < sizeof(bad_ids) / sizeof(bad_ids[0]); i++)
	{
		mail = good_mail();
		mail.message_id = bad_ids[i];
		makes(&mail, NULL, "Message-ID");
	}
	mail = good_mail();
	mail.sender = "";
	makes(&mail, OWN, "an empty sender");
	mail.sender = "Site <site@example.net>";
	makes(&mail, "site@example.net", "a sender of its own");
	mail.sender = "x@y>\r\nRCPT TO:<z@z";
	makes(&mail, NULL, "sender");
}

static const char *
header_named(const Message *message, const char *name)
{
	for (int i = 0; i < message->n_headers; i++)
	{
		const char *header = text_get(&message->headers[i]);

		if (strncmp(header, name, strlen(name)) == 0 &&
			header[strlen(name)] == ':')
			return header + strlen(name) + 2;
	}
	return "";
}

static void
whole(void)
{
	Mail mail = good_mail();
	Mailbox own;
	Mailbox answers;
	Message message;

	if (!mailbox_read(&own, "Shop <" OWN ">") ||
		!mailbox_read(&answers, "help@example.org") ||
		message_make(&message, &mail, &own, &answers, 1000000000) != NULL)
		abort();
	ok(strcmp(text_get(&message.text), "one\r\ntwo\r\nthree\r\nfour") == 0,
	   "lines end with CRLF");
	ok(strcmp(text_get(&message.html), "<p>\r\n") == 0, "in HTML too");
	ok(strcmp(header_named(&message, "Date"),
			  "Sun, 9 Sep 2001 01:46:40 +0000") == 0,
	   "Date");
	ok(strcmp(header_named(&message, "From"), "Shop <" OWN ">") == 0, "From");
	ok(strcmp(header_named(&message, "Reply-To"), "help@example.org") == 0,
	   "Reply-To");
	ok(strcmp(header_named(&message, "Message-ID"), "<1@example.org>") == 0,
	   "Message-ID");
	ok(strcmp(header_named(&message, "Auto-Submitted"), "auto-generated") == 0,
	   "Auto-Submitted");
	ok(strcmp(header_named(&message, "Content-Type"),
			  "multipart/alternative") == 0,
	   "two parts");
	message_wipe(&message);
	ok(message.text.data == NULL && message.n_headers == 0, "nothing is left");

	mail.body_html = NULL;
	if (message_make(&message, &mail, &own, NULL, 0) != NULL)
		abort();
	ok(message.html.data == NULL, "no HTML");
	ok(*header_named(&message, "Content-Type") == '\0', "one part");
	ok(*header_named(&message, "Reply-To") == '\0', "no Reply-To");
	message_wipe(&message);
	mailbox_wipe(&own);
	mailbox_wipe(&answers);
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	subjects();
	lengths();
	anything();
	names();
	addresses();
	senders();
	refusals();
	whole();
	return tap_done();
}
