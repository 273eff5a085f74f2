#include "grammar.h"

#include "tap.h"

#define LONG_LABEL                                                             \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

typedef struct Case
{
	const char *text;
	UsersStatus status;
} Case;

typedef UsersStatus (*Check)(const char *text, size_t len);

/* Checks a copy whose end the sanitizer watches. */
static UsersStatus
checked(Check check, const char *text, size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status = check(copy, len);

	free(copy);
	return status;
}

static void
test_table(const char *what, Check check, const Case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		UsersStatus status =
			checked(check, cases[i].text, strlen(cases[i].text));

		ok(status == cases[i].status, "%s %zu is %s", what, i,
		   cases[i].status == USERS_OK ? "good" : "bad");
		if (status != cases[i].status)
			printf("# %s: %d\n", cases[i].text, (int) status);
	}
}

static const Case emails[] = {
	{ "a@b", USERS_OK },
	{ "someone@example.org", USERS_OK },
	{ "some.one@example.co.uk", USERS_OK },
	{ "some+tag@example.org", USERS_OK },
	{ ".@example.org", USERS_OK },
	{ ".a..b.@example.org", USERS_OK },
	{ "-@example.org", USERS_OK },
	{ "!#$%&'*+/=?^_`{|}~-@example.org", USERS_OK },
	{ "SOMEONE@EXAMPLE.ORG", USERS_OK },
	{ "1@2", USERS_OK },
	{ "a@b-c.d--e.f", USERS_OK },
	{ "a@xn--bcher-kva.example", USERS_OK },
	{ "a@127.0.0.1", USERS_OK },
	{ "a@" LONG_LABEL, USERS_OK },
	{ "a@" LONG_LABEL "." LONG_LABEL ".c", USERS_OK },
	{ "", USERS_TOO_SHORT },
	{ "a", USERS_MALFORMED },
	{ "@", USERS_MALFORMED },
	{ "a@", USERS_MALFORMED },
	{ "@b", USERS_MALFORMED },
	{ "a@b@c", USERS_MALFORMED },
	{ "a@@b", USERS_MALFORMED },
	{ "a b@c", USERS_MALFORMED },
	{ " a@b", USERS_MALFORMED },
	{ "a@b ", USERS_MALFORMED },
	{ "a@b\n", USERS_MALFORMED },
	{ "a\n@b", USERS_MALFORMED },
	{ "a\r\nBcc: x@b", USERS_MALFORMED },
	{ "a@b\t", USERS_MALFORMED },
	{ "\"a b\"@c", USERS_MALFORMED },
	{ "a,b@c", USERS_MALFORMED },
	{ "a;b@c", USERS_MALFORMED },
	{ "a:b@c", USERS_MALFORMED },
	{ "a(b)@c", USERS_MALFORMED },
	{ "a<b>@c", USERS_MALFORMED },
	{ "<a@b>", USERS_MALFORMED },
	{ "a\\b@c", USERS_MALFORMED },
	{ "a[b]@c", USERS_MALFORMED },
	{ "a@[127.0.0.1]", USERS_MALFORMED },
	{ "a@.b", USERS_MALFORMED },
	{ "a@b.", USERS_MALFORMED },
	{ "a@b..c", USERS_MALFORMED },
	{ "a@-b", USERS_MALFORMED },
	{ "a@b-", USERS_MALFORMED },
	{ "a@b.-c", USERS_MALFORMED },
	{ "a@b-.c", USERS_MALFORMED },
	{ "a@b_c", USERS_MALFORMED },
	{ "a@b!c", USERS_MALFORMED },
	{ "a@b,c", USERS_MALFORMED },
	{ "a@b/c", USERS_MALFORMED },
	{ "a@" LONG_LABEL "a", USERS_MALFORMED },
	{ "a@b." LONG_LABEL "a.c", USERS_MALFORMED },
	{ "\xc3\xa4@example.org", USERS_MALFORMED },
	{ "a@b\xc3\xbc"
	  "cher.example",
	  USERS_MALFORMED },
	{ "a@b\xff", USERS_MALFORMED },
	{ "a\x7f@b", USERS_MALFORMED },
	{ "a\x01@b", USERS_MALFORMED },
};

static const Case usernames[] = {
	{ "a", USERS_OK },
	{ "A", USERS_OK },
	{ "7", USERS_OK },
	{ "anna", USERS_OK },
	{ "Anna.Karenina_1-2", USERS_OK },
	{ "a.b.c", USERS_OK },
	{ "a-", USERS_OK },
	{ "a_", USERS_OK },
	{ "a--b__c", USERS_OK },
	{ "a.-.b", USERS_OK },
	{ "abcdefghijklmnopqrstuvwxyz012345", USERS_OK },
	{ "", USERS_TOO_SHORT },
	{ "abcdefghijklmnopqrstuvwxyz0123456", USERS_TOO_LONG },
	{ ".a", USERS_MALFORMED },
	{ "-a", USERS_MALFORMED },
	{ "_a", USERS_MALFORMED },
	{ ".", USERS_MALFORMED },
	{ "a.", USERS_MALFORMED },
	{ "a..b", USERS_MALFORMED },
	{ "a..", USERS_MALFORMED },
	{ "a b", USERS_MALFORMED },
	{ " a", USERS_MALFORMED },
	{ "a ", USERS_MALFORMED },
	{ "a@b", USERS_MALFORMED },
	{ "a\n", USERS_MALFORMED },
	{ "a/b", USERS_MALFORMED },
	{ "a+b", USERS_MALFORMED },
	{ "\xc3\xa4", USERS_MALFORMED },
	{ "a\xc3\xa4", USERS_MALFORMED },
	{ "a\xd0\xb0", USERS_MALFORMED },
	{ "a\x7f", USERS_MALFORMED },
};

static void
test_ascii(void)
{
	static const char local[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
								"UVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-";
	static const char middle[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
								 "STUVWXYZ0123456789_-.";
	bool locals = true;
	bool middles = true;
	char email[USERS_EMAIL_MAX + 1];

	for (int c = 0; c < 256; c++)
	{
		char text[3] = { (char) c, '@', 'b' };
		char name[3] = { 'a', (char) c, 'b' };
		bool good = c != 0 && strchr(local, c) != NULL;

		locals =
			locals && (checked(users_email_check, text, 3) == USERS_OK) == good;
		good = c != 0 && strchr(middle, c) != NULL;
		middles = middles &&
				  (checked(users_username_check, name, 3) == USERS_OK) == good;
	}
	ok(locals, "every character before an address's @");
	ok(middles, "every character within a username");
	memset(email, 'a', sizeof(email));
	memcpy(email + sizeof(email) - 4, "@b.c", 4);
	is(checked(users_email_check, email + 1, USERS_EMAIL_MAX), USERS_OK,
	   "an address of 254 octets");
	is(checked(users_email_check, email, USERS_EMAIL_MAX + 1), USERS_TOO_LONG,
	   "an address of 255 octets");
}

static void
test_fold(void)
{
	char all[256];
	bool good = true;

	for (int c = 0; c < 256; c++)
		all[c] = (char) c;
	users_fold(all, all, sizeof(all));
	for (int c = 0; c < 256; c++)
		good = good &&
			   all[c] == (char) (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	ok(good, "A to Z become lower case, in place, and nothing else does");
	users_fold(all, "XY", 1);
	ok(all[0] == 'x' && all[1] == 1, "no more than asked for");
}

static void
test_trim(void)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "a", "a" },
		{ " a ", "a" },
		{ "a b", "a b" },
		{ " \t\n\v\f\r a \t\n\v\f\r ", "a" },
		{ "\xc2\x85\xc2\xa0x\xc2\xa0\xc2\x85", "x" },
		{ "\xe1\x9a\x80x\xe1\x9a\x80", "x" },
		{ "\xe2\x80\x80\xe2\x80\x8ax\xe2\x80\x8a\xe2\x80\x80", "x" },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xafx\xe2\x80\xaf", "x" },
		{ "\xe2\x81\x9f\xe3\x80\x80x\xe3\x80\x80\xe2\x81\x9f", "x" },
		{ "\xe3\x80\x80 \xe3\x80\x80", "" },
		{ "   ", "" },
		{ "\xe2\x80\x8bx\xe2\x80\x8b", "\xe2\x80\x8bx\xe2\x80\x8b" },
		{ "\xef\xbb\xbfx", "\xef\xbb\xbfx" },
		{ "\xc2\xadx", "\xc2\xadx" },
		{ "\x08x\x0e", "\x08x\x0e" },
		{ " \xff ", "\xff" },
		{ "\xa0x\x85", "\xa0x\x85" },
		{ "\xe3\x80", "\xe3\x80" },
		{ "\x80\x80", "\x80\x80" },
		{ "x\xe2\x80", "x\xe2\x80" },
		{ "\xc3\xa0", "\xc3\xa0" },
		{ "\xf0\x9f\x98\x80 ", "\xf0\x9f\x98\x80" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		size_t len = strlen(cases[i][0]);
		char *copy = tap_exact(cases[i][0], len);
		const char *text = copy;

		users_trim(&text, &len);
		ok(len == strlen(cases[i][1]) && memcmp(text, cases[i][1], len) == 0,
		   "trimmed: number %zu", i);
		free(copy);
	}
}

/* UTF-8 of any number, also where it must not be. */
static size_t
encode(char *out, unsigned code)
{
	if (code < 0x80)
		return (size_t) snprintf(out, 5, "%c", (int) code);
	if (code < 0x800)
		return (size_t) snprintf(out, 5, "%c%c", (int) (0xc0 | code >> 6),
								 (int) (0x80 | (code & 0x3f)));
	if (code < 0x10000)
		return (size_t) snprintf(out, 5, "%c%c%c", (int) (0xe0 | code >> 12),
								 (int) (0x80 | (code >> 6 & 0x3f)),
								 (int) (0x80 | (code & 0x3f)));
	return (size_t) snprintf(out, 5, "%c%c%c%c", (int) (0xf0 | code >> 18),
							 (int) (0x80 | (code >> 12 & 0x3f)),
							 (int) (0x80 | (code >> 6 & 0x3f)),
							 (int) (0x80 | (code & 0x3f)));
}

static void
test_utf8(void)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x20",
		"\xe0\x9f\xbf",
		"\xe0\xa0",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xe2\x82\x20",
		"\xf0\x9f\x98",
		"\xf0\x9f\x98\x20",
		"abcdefgh\xff",
		"abcdefghi\xc3",
	};
	bool good = true;
	size_t count;

	for (unsigned code = 0; code <= 0x1fffff; code++)
	{
		char text[12] = "1234567";
		size_t len = encode(text + 7, code);
		bool valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

		if (users_utf8_count(&count, text, 7 + len) !=
				(valid ? USERS_OK : USERS_MALFORMED) ||
			count != (valid ? 8 : 0))
			good = false;
	}
	ok(good, "every code point, surrogates and those too great");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		size_t len = strlen(bad[i]);
		char *copy = tap_exact(bad[i], len);

		ok(users_utf8_count(&count, copy, len) == USERS_MALFORMED && count == 0,
		   "invalid UTF-8: number %zu", i);
		free(copy);
	}
}

static void
test_utf8_lengths(void)
{
	bool good = true;
	size_t count;

	for (size_t len = 0; len < 40; len++)
	{
		char text[40];

		memset(text, 'a', sizeof(text));
		good = good && users_utf8_count(&count, text, len) == USERS_OK &&
			   count == len;
		for (size_t at = 0; at + 1 < len; at++)
		{
			memcpy(text + at, "\xc3\xa4", 2);
			good = good && users_utf8_count(&count, text, len) == USERS_OK &&
				   count == len - 1;
			text[at + 1] = 'a';
			good =
				good && users_utf8_count(&count, text, len) == USERS_MALFORMED;
			text[at] = 'a';
		}
	}
	ok(good, "texts of every length, with a longer character anywhere");
}

static UsersStatus
check_name(const char *text, size_t len)
{
	return users_name_check(text, len, 5);
}

static const Case names[] = {
	{ "a", USERS_OK },
	{ "Zo\xc3\xab", USERS_OK },
	{ "O'Neil", USERS_TOO_LONG },
	{ "a b", USERS_OK },
	{ "\xe7\x8e\x8b\xe4\xbc\x9f", USERS_OK },
	{ "\xf0\x9f\x98\x80", USERS_OK },
	{ "abcde", USERS_OK },
	{ "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
	  "\xf0\x9f\x98\x80",
	  USERS_OK },
	{ "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
	  "\xf0\x9f\x98\x80x",
	  USERS_TOO_LONG },
	{ "a\xe2\x80\x8c"
	  "b",
	  USERS_OK },
	{ "a\xe2\x80\x8d"
	  "b",
	  USERS_OK },
	{ "\xe2\x80\x8e"
	  "a\xe2\x80\x8f",
	  USERS_OK },
	{ "<b>", USERS_OK },
	{ "", USERS_TOO_SHORT },
	{ "abcdef", USERS_TOO_LONG },
	{ "abcdef\n", USERS_TOO_LONG },
	{ "\xe2\x80\x8e", USERS_MALFORMED },
	{ "\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8f", USERS_MALFORMED },
	{ "a\nb", USERS_MALFORMED },
	{ "a\tb", USERS_MALFORMED },
	{ "a\x1f", USERS_MALFORMED },
	{ "a\x7f", USERS_MALFORMED },
	{ "a\xc2\x80", USERS_MALFORMED },
	{ "a\xc2\x9f", USERS_MALFORMED },
	{ "a\xe2\x80\xa8", USERS_MALFORMED },
	{ "a\xe2\x80\xa9", USERS_MALFORMED },
	{ "a\xe2\x80\xaa", USERS_MALFORMED },
	{ "a\xe2\x80\xae", USERS_MALFORMED },
	{ "a\xe2\x81\xa6", USERS_MALFORMED },
	{ "a\xe2\x81\xa9", USERS_MALFORMED },
	{ "a\xef\xbb\xbf", USERS_MALFORMED },
	{ "a\xef\xbf\xb9", USERS_MALFORMED },
	{ "a\xef\xbf\xbb", USERS_MALFORMED },
	{ "a\xff", USERS_MALFORMED },
	{ "a\xed\xa0\x80", USERS_MALFORMED },
	{ "a\xc3", USERS_MALFORMED },
	{ "\xff", USERS_MALFORMED },
};

static void
test_names(void)
{
	unsigned refused = 0;

	is(checked(check_name, "a\0", 2), USERS_MALFORMED, "NUL in a name");
	for (unsigned code = 0; code <= 0x10ffff; code++)
	{
		char text[8] = "x";
		size_t len = 1 + encode(text + 1, code);

		if ((code < 0xd800 || code > 0xdfff) &&
			users_name_check(text, len, 2) != USERS_OK)
			refused++;
	}
	/* C0, DEL, C1; two separators, nine formatting characters, one mark, three
	 * annotations. */
	is(refused, 32 + 1 + 32 + 2 + 9 + 1 + 3, "how many characters are refused");
}

static void
test_printable(void)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\nb", "a\xef\xbf\xbd"
				  "b" },
		{ "a\x1b[31m", "a\xef\xbf\xbd[31m" },
		{ "a\xff"
		  "b",
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x80\xae"
		  "a",
		  "\xef\xbf\xbd"
		  "a" },
		{ "\x7f\xc2\x85", "\xef\xbf\xbd\xef\xbf\xbd" },
	};
	bool good = true;
	char out[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		size_t len = strlen(cases[i][0]);
		char *copy = tap_exact(cases[i][0], len);

		ok(users_printable(out, sizeof(out), copy, len) ==
				   strlen(cases[i][1]) &&
			   strcmp(out, cases[i][1]) == 0,
		   "printable: number %zu", i);
		free(copy);
	}
	ok(users_printable(out, sizeof(out), "a\0b", 3) == 5 &&
		   strcmp(out, "a\xef\xbf\xbd"
					   "b") == 0,
	   "NUL is replaced");
	is(users_printable(NULL, 0, "a", 1), 0, "no room at all");
	for (size_t cap = 1; cap < 20; cap++)
	{
		static const char text[] =
			"a\xc3\xa4\n\xe2\x82\xac\xff\xf0\x9f\x98\x80";
		char *room = tap_exact(out, cap);
		size_t len = users_printable(room, cap, text, sizeof(text) - 1);
		size_t count;

		good = good && len < cap && room[len] == '\0' &&
			   users_utf8_count(&count, room, len) == USERS_OK;
		free(room);
	}
	ok(good, "whole characters and NUL in any room");
	ok(users_printable(out, 3, "a\nb", 3) == 2 && strcmp(out, "a?") == 0,
	   "a question mark where nothing longer fits");
	ok(users_printable(out, 5, "a\nb", 3) == 4 &&
		   strcmp(out, "a\xef\xbf\xbd") == 0,
	   "the longer one where it does");
}

#define TABLE(what, check, cases)                                              \
	test_table(what, check, cases, sizeof(cases) / sizeof((cases)[0]))

static const Case link_urls[] = {
	{ "https://example.org/reset?token={token}", USERS_OK },
	{ "http://localhost:3000/password/reset?token={token}", USERS_OK },
	{ "https://example.org/{token}", USERS_OK },
	{ "https://example.org?{token}", USERS_OK },
	{ "https://example.org#{token}", USERS_OK },
	{ "https://example.org/a{token}b", USERS_OK },
	{ "https://EXAMPLE.org:8443/#/reset/{token}/now", USERS_OK },
	{ "https://[::1]/{token}", USERS_OK },
	{ "https://127.0.0.1:1/{token}", USERS_OK },
	{ "https://h/a@b:c/%7B?x=$&y=(*)!~;,+_-.{token}", USERS_OK },
	{ "https://h/{x}{token}", USERS_OK },
	{ "https://h/{{token}", USERS_OK },
	{ "https://h/{token}}", USERS_OK },
	{ "", USERS_MALFORMED },
	{ "h", USERS_MALFORMED },
	{ "{token}", USERS_MALFORMED },
	{ "https://", USERS_MALFORMED },
	{ "https:///{token}", USERS_MALFORMED },
	{ "https:/h/{token}", USERS_MALFORMED },
	{ "https:h/{token}", USERS_MALFORMED },
	{ "//h/{token}", USERS_MALFORMED },
	{ "/reset?token={token}", USERS_MALFORMED },
	{ "h/{token}", USERS_MALFORMED },
	{ "ftp://h/{token}", USERS_MALFORMED },
	{ "javascript://h/{token}", USERS_MALFORMED },
	{ "data:text/html,{token}", USERS_MALFORMED },
	{ "HTTPS://h/{token}", USERS_MALFORMED },
	{ "xhttps://h/{token}", USERS_MALFORMED },
	{ " https://h/{token}", USERS_MALFORMED },
	{ "https://h/{token} ", USERS_MALFORMED },
	{ "https://h/a b{token}", USERS_MALFORMED },
	{ "https://h/{token}\n", USERS_MALFORMED },
	{ "https://h/\r\n{token}", USERS_MALFORMED },
	{ "https://h/\t{token}", USERS_MALFORMED },
	{ "https://h/\x7f{token}", USERS_MALFORMED },
	{ "https://h/\xc3\xa4{token}", USERS_MALFORMED },
	{ "https://h/\xff{token}", USERS_MALFORMED },
	{ "https://h\xc3\xa4/{token}", USERS_MALFORMED },
	{ "https://h/\"{token}", USERS_MALFORMED },
	{ "https://h/'{token}", USERS_MALFORMED },
	{ "https://h/<{token}", USERS_MALFORMED },
	{ "https://h/{token}>", USERS_MALFORMED },
	{ "https://h/\\{token}", USERS_MALFORMED },
	{ "https://h/`{token}", USERS_MALFORMED },
	{ "https://h/^{token}", USERS_MALFORMED },
	{ "https://h/|{token}", USERS_MALFORMED },
	{ "https://h\\@evil/{token}", USERS_MALFORMED },
	/* Whose host would be another than it seems, or the token. */
	{ "https://h@evil/{token}", USERS_MALFORMED },
	{ "https://h:p@evil/{token}", USERS_MALFORMED },
	{ "https://{token}", USERS_MALFORMED },
	{ "https://{token}/", USERS_MALFORMED },
	{ "https://{token}.evil/", USERS_MALFORMED },
	{ "https://h{token}/", USERS_MALFORMED },
	{ "https://h:{token}/", USERS_MALFORMED },
	{ "https://h%2e/{token}", USERS_MALFORMED },
	{ "https://h_/{token}", USERS_MALFORMED },
	/* Exactly one place. */
	{ "https://h/", USERS_MALFORMED },
	{ "https://h", USERS_MALFORMED },
	{ "https://h/{token", USERS_MALFORMED },
	{ "https://h/token}", USERS_MALFORMED },
	{ "https://h/{Token}", USERS_MALFORMED },
	{ "https://h/{ token }", USERS_MALFORMED },
	{ "https://h/%7Btoken%7D", USERS_MALFORMED },
	{ "https://h/{token}{token}", USERS_MALFORMED },
	{ "https://h/{token}?{token}", USERS_MALFORMED },
};

static const Case senders[] = {
	{ "mail@example.org", USERS_OK },
	{ "Example <mail@example.org>", USERS_OK },
	{ "Example<mail@example.org>", USERS_OK },
	{ "  Example   <mail@example.org>", USERS_OK },
	{ "The Example, Inc. <mail@example.org>", USERS_OK },
	{ "Ex@mple <mail@example.org>", USERS_OK },
	{ "B\xc3\xbc"
	  "cher <mail@example.org>",
	  USERS_OK },
	{ "", USERS_TOO_SHORT },
	{ "mail", USERS_MALFORMED },
	{ "mail@example.org ", USERS_MALFORMED },
	{ " mail@example.org", USERS_MALFORMED },
	{ "mail@example.org\n", USERS_MALFORMED },
	{ "mail@example.org,eve@example.org", USERS_MALFORMED },
	{ "Example mail@example.org", USERS_MALFORMED },
	{ "<mail@example.org>", USERS_MALFORMED },
	{ "   <mail@example.org>", USERS_MALFORMED },
	{ "Example <>", USERS_TOO_SHORT },
	{ "Example <", USERS_MALFORMED },
	{ "Example >", USERS_MALFORMED },
	{ "<", USERS_MALFORMED },
	{ "<>", USERS_MALFORMED },
	{ "Example <mail>", USERS_MALFORMED },
	{ "Example < mail@example.org>", USERS_MALFORMED },
	{ "Example <mail@example.org >", USERS_MALFORMED },
	{ "Example <mail@example.org", USERS_MALFORMED },
	{ "Example <mail@example.org> ", USERS_MALFORMED },
	{ "Example <mail@example.org>x", USERS_MALFORMED },
	{ "Example <mail@example.org>>", USERS_MALFORMED },
	{ "Example <<mail@example.org>", USERS_MALFORMED },
	{ "Example <mail@example.org> <eve@example.org>", USERS_MALFORMED },
	{ "Example <mail@example.org>, Eve <eve@example.org>", USERS_MALFORMED },
	{ "Exam>ple <mail@example.org>", USERS_MALFORMED },
	{ "\"Example\" <mail@example.org>", USERS_MALFORMED },
	{ "Exam\\ple <mail@example.org>", USERS_MALFORMED },
	{ "Exam\nple <mail@example.org>", USERS_MALFORMED },
	{ "Example\r\nBcc: eve@example.org <mail@example.org>", USERS_MALFORMED },
	{ "Exam\x7fple <mail@example.org>", USERS_MALFORMED },
	{ "Exam\xffple <mail@example.org>", USERS_MALFORMED },
	{ "Exam\xe2\x80\xaeple <mail@example.org>", USERS_MALFORMED },
};

/* What is as long as it may be, and one more; whole tables cut anywhere. */
static void
test_link_urls(void)
{
	static const char page[] = "https://h/{token}";
	char text[USERS_LINK_URL_MAX + 1];
	bool cut = true;
	bool middles = true;

	memset(text, 'x', sizeof(text));
	memcpy(text, page, sizeof(page) - 1);
	is(checked(users_link_url_check, text, USERS_LINK_URL_MAX), USERS_OK,
	   "a page's address of 1,024 octets");
	is(checked(users_link_url_check, text, USERS_LINK_URL_MAX + 1),
	   USERS_TOO_LONG, "one of 1,025 octets");
	for (size_t len = 0; len < sizeof(page) - 1; len++)
		cut = cut && checked(users_link_url_check, page, len) != USERS_OK;
	ok(cut, "cut anywhere it is none");
	for (int c = 0; c < 256; c++)
	{
		char one[] = "https://h/x{token}";
		bool good = c > ' ' && c < 0x7f && strchr("\"'<>\\^`|", c) == NULL;

		one[10] = (char) c;
		middles = middles && (checked(users_link_url_check, one,
									  sizeof(one) - 1) == USERS_OK) == good;
	}
	ok(middles, "every character of a path");
	is(checked(users_link_url_check, "https://h/\0{token}", 18),
	   USERS_MALFORMED, "NUL in a page's address");
}

static void
test_senders(void)
{
	char text[USERS_NAME_MAX + 1 + USERS_EMAIL_MAX + 3];
	char *at = text;
	size_t len;

	memset(text, 'n', USERS_NAME_MAX + 1);
	at += USERS_NAME_MAX + 1;
	*at++ = '<';
	memset(at, 'a', USERS_EMAIL_MAX);
	memcpy(at + USERS_EMAIL_MAX - 4, "@b.c", 4);
	at[USERS_EMAIL_MAX] = '>';
	len = (size_t) (at + USERS_EMAIL_MAX + 1 - text);
	is(checked(users_sender_check, text + 1, len - 1), USERS_OK,
	   "a sender of 100 characters and 254 octets");
	is(checked(users_sender_check, text, len), USERS_MALFORMED,
	   "a name of 101 characters");
	is(checked(users_sender_check, "a\0b <c@d>", 9), USERS_MALFORMED,
	   "NUL in a sender's name");
	is(checked(users_sender_check, "a <c@d\0>", 8), USERS_MALFORMED,
	   "NUL in a sender's address");
}

int
main(void)
{
	TABLE("address", users_email_check, emails);
	TABLE("username", users_username_check, usernames);
	TABLE("name", check_name, names);
	TABLE("page's address", users_link_url_check, link_urls);
	TABLE("sender", users_sender_check, senders);
	test_ascii();
	test_fold();
	test_trim();
	test_utf8();
	test_utf8_lengths();
	test_names();
	test_printable();
	test_link_urls();
	test_senders();
	return tap_done();
}
