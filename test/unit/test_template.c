#include <stdint.h>

#include "template.h"

#include "tap.h"

#define NAME_32	 "abcdefghijklmnopqrstuvwxyz_01234"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const names[] = { "a", "link", "first_name", NAME_32, NULL };

static const UsersValue values[] = {
	{ "a", "1" },
	{ "link", "https://example.org/?a=1&b='2'" },
	{ "first_name", "<b>\"J\xc3\xb6rg\"</b>" },
	{ "empty", "" },
	{ "null", NULL },
	{ "nested", "{{a}}{{" },
	{ "a", "2" },
};

/* Where *bad lies is told by an offset, as the text is a copy. */
static UsersStatus
check(const char *text, size_t len, size_t *offset, size_t *bad_len)
{
	char *copy = tap_exact(text, len);
	const char *bad = "never set";
	UsersStatus status = users_template_check(copy, len, names, &bad, bad_len);

	*offset = bad == NULL ? SIZE_MAX : (size_t) (bad - copy);
	free(copy);
	return status;
}

/* What filling gives, on the heap; NULL when length and filling disagree. */
static char *
fill(const char *text, size_t len, UsersEscape escape)
{
	char *copy = tap_exact(text, len);
	char *out = tap_exact("", 0);
	size_t length;
	size_t none = 1;

	if (users_template_length(&length, SIZE_MAX, copy, len, values,
							  COUNT(values), escape) != USERS_OK)
		abort();
	out = realloc(out, length + 1);
	if (out == NULL)
		abort();
	memset(out, '#', length + 1);
	users_template_fill(out, copy, len, values, COUNT(values), escape);
	if (out[length] != '\0' || memchr(out, '\0', length) != NULL ||
		users_template_length(&none, length, copy, len, values, COUNT(values),
							  escape) != USERS_OK ||
		none != length ||
		(length > 0 &&
		 (users_template_length(&none, length - 1, copy, len, values,
								COUNT(values), escape) != USERS_TOO_LONG ||
		  none != 0)))
	{
		free(out);
		out = NULL;
	}
	free(copy);
	return out;
}

static void
fills_to(const char *text, UsersEscape escape, const char *wanted)
{
	char *out = fill(text, strlen(text), escape);

	if (!ok(out != NULL && strcmp(out, wanted) == 0, "\"%s\" becomes \"%s\"",
			text, wanted))
		printf("# got %s\n", out == NULL ? "another length" : out);
	free(out);
}

static void
test_accepted(void)
{
	static const char *const texts[] = {
		"",
		"plain",
		"{{a}}",
		"{{ a }}",
		"{{     a}}",
		"{{a     }}",
		"x{{a}}y{{link}}z",
		"{{a}}{{a}}",
		"{{first_name}}",
		"{{" NAME_32 "}}",
		"{a}",
		"{ {a}}",
		"{",
		"}",
		"}}",
		"a}} b",
		"{{a}}}",
		"{{a}}}}",
		"{{a}}{",
		"p { color: red }",
		"\xc3\xb6{{a}}\xe2\x82\xac",
		"\xff{{a}}\xff",
	};
	size_t offset;
	size_t bad_len;

	for (size_t i = 0; i < COUNT(texts); i++)
		ok(check(texts[i], strlen(texts[i]), &offset, &bad_len) == USERS_OK &&
			   offset == SIZE_MAX && bad_len == 0,
		   "accepted: %s", texts[i]);
	ok(users_template_check(NULL, 0, names, &(const char *){ NULL },
							&bad_len) == USERS_OK,
	   "accepted: no text at all");
}

static void
test_malformed(void)
{
	static const struct
	{
		const char *text;
		size_t offset;
		const char *bad;
	} cases[] = {
		{ "{{", 0, "{{" },
		{ "{{}}", 0, "{{}}" },
		{ "{{ }}", 0, "{{ }}" },
		{ "ab{{a", 2, "{{a" },
		{ "{{a}", 0, "{{a}" },
		{ "{{a }", 0, "{{a }" },
		{ "{{a} }", 0, "{{a} }" },
		{ "{{a }x}", 0, "{{a }x}" },
		{ "{{a  ", 0, "{{a  " },
		{ "{{  ", 0, "{{  " },
		{ "{{A}} x", 0, "{{A}}" },
		{ "{{a b}} x", 0, "{{a b}}" },
		{ "{{a-b}} x", 0, "{{a-b}}" },
		{ "{{a.b}} x", 0, "{{a.b}}" },
		{ "{{a\t}}", 0, "{{a\t}}" },
		{ "{{\na}}", 0, "{{\na}}" },
		{ "{{a\xc2\xa0}}", 0, "{{a\xc2\xa0}}" },
		{ "{{\xc3\xb6}}", 0, "{{\xc3\xb6}}" },
		{ "{{{a}}}", 0, "{{{a}}" },
		{ "{{{{a}}}}", 0, "{{{{a}}" },
		{ "{{a{{a}}", 0, "{{a{{a}}" },
		{ "{{#a}}{{/a}}", 0, "{{#a}}" },
		{ "{{a}}{{", 5, "{{" },
		{ "{{a}} {{a}} {{!}} {{a}}", 12, "{{!}}" },
		{ "{{" NAME_32 "5}}", 0, "{{" NAME_32 "5}}" },
		{ "{{" NAME_32 "56789", 0, "{{" NAME_32 "56789" },
		/* 40 bytes, of which the last is half a character, or is not. */
		{ "{{" NAME_32 "56789\xc3\xb6", 0, "{{" NAME_32 "56789" },
		{ "{{" NAME_32 "5678\xc3\xb6}}", 0, "{{" NAME_32 "5678\xc3\xb6" },
		{ "{{" NAME_32 "5678}}x", 0, "{{" NAME_32 "5678}}" },
		{ "{{" NAME_32 "56789}}x", 0, "{{" NAME_32 "56789}" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
	{
		const char *text = cases[i].text;
		size_t wanted = strlen(cases[i].bad);
		size_t offset;
		size_t bad_len;

		if (!ok(check(text, strlen(text), &offset, &bad_len) ==
						USERS_MALFORMED &&
					offset == cases[i].offset && bad_len == wanted &&
					memcmp(text + offset, cases[i].bad, wanted) == 0,
				"refused: number %zu", i))
			printf("# %s: %zu bytes from %zu\n", text, bad_len, offset);
	}
}

static void
test_unknown(void)
{
	static const char *const texts[] = {
		"b",	 "aa", "lin", "link_", "links",
		"a_",	 "_",  "0",	  "first", "abcdefghijklmnopqrstuvwxyz_0123",
		"_link",
	};
	static const char *const nothing[] = { NULL };
	char text[64];
	const char *bad;
	size_t offset;
	size_t bad_len;

	for (size_t i = 0; i < COUNT(texts); i++)
	{
		int len = snprintf(text, sizeof(text), "{{a}} {{ %s }}", texts[i]);

		ok(check(text, (size_t) len, &offset, &bad_len) == USERS_UNSUPPORTED &&
			   offset == 6 && bad_len == (size_t) len - 6,
		   "unknown: %s", texts[i]);
	}
	is(users_template_check("{{a}}", 5, nothing, &bad, &bad_len),
	   USERS_UNSUPPORTED, "no name is known");
	is(check("{{b}} {{", 8, &offset, &bad_len), USERS_UNSUPPORTED,
	   "the first fault counts");
	is(check("{{a\0}}", 6, &offset, &bad_len), USERS_MALFORMED,
	   "NUL is no end of a name");
}

/* Every byte inside and around a name. */
static void
test_every_character(void)
{
	static const char *const with_x[] = { "x", NULL };
	bool inside = true;
	bool around = true;

	for (int c = 0; c < 256; c++)
	{
		char text[] = "{{a?a}}";
		bool name = c != 0 &&
					strchr("abcdefghijklmnopqrstuvwxyz0123456789_", c) != NULL;
		const char *bad;
		size_t bad_len;

		text[3] = (char) c;
		if (users_template_check(text, 7, with_x, &bad, &bad_len) !=
			(name ? USERS_UNSUPPORTED : USERS_MALFORMED))
			inside = false;
		text[2] = (char) c;
		text[3] = 'x';
		text[4] = ' ';
		if (users_template_check(text, 7, with_x, &bad, &bad_len) !=
			(c == ' ' ? USERS_OK
			 : name	  ? USERS_UNSUPPORTED
					  : USERS_MALFORMED))
			around = false;
	}
	ok(inside, "every byte within a name");
	ok(around, "every byte before a name");
}

static void
test_lengths(void)
{
	char *text = malloc(USERS_TEMPLATE_MAX + 1);
	size_t offset;
	size_t bad_len;

	if (text == NULL)
		abort();
	memset(text, 'x', USERS_TEMPLATE_MAX + 1);
	is(check(text, USERS_TEMPLATE_MAX, &offset, &bad_len), USERS_OK,
	   "the longest template");
	memcpy(text, "{{!}}", 5);
	ok(check(text, USERS_TEMPLATE_MAX + 1, &offset, &bad_len) ==
			   USERS_TOO_LONG &&
		   offset == SIZE_MAX && bad_len == 0,
	   "a byte more is too long, whatever is in it");
	memset(text, '{', USERS_TEMPLATE_MAX);
	ok(check(text, USERS_TEMPLATE_MAX, &offset, &bad_len) == USERS_MALFORMED &&
		   offset == 0 && bad_len == USERS_TEMPLATE_BAD,
	   "nothing but braces");
	memset(text, ' ', USERS_TEMPLATE_MAX);
	memcpy(text, "{{a", 3);
	memcpy(text + USERS_TEMPLATE_MAX - 2, "}}", 2);
	is(check(text, USERS_TEMPLATE_MAX, &offset, &bad_len), USERS_OK,
	   "nothing but one placeholder");
	free(text);
}

/* Cut anywhere, a text is read no further. */
static void
test_cut(void)
{
	static const char text[] = "x{{ a }}y";
	bool good = true;

	for (size_t len = 0; len < sizeof(text); len++)
	{
		bool open = len >= 3 && len < 8;
		size_t offset;
		size_t bad_len;

		good = good &&
			   check(text, len, &offset, &bad_len) ==
				   (open ? USERS_MALFORMED : USERS_OK) &&
			   bad_len == (open ? len - 1 : 0);
	}
	ok(good, "a placeholder cut at every byte");
}

static bool
has(const char *text, const char *name)
{
	char *copy = tap_exact(text, strlen(text));
	bool found = users_template_has(copy, strlen(text), name);

	free(copy);
	return found;
}

static void
test_has(void)
{
	ok(has("x {{link}}", "link"), "has it");
	ok(has("{{a}}{{ link }}", "link"), "has it second");
	ok(has("{{!}}{{link}}", "link"), "has it after a fault");
	ok(!has("", "link"), "empty: has it not");
	ok(!has("link {link} {{ link", "link"), "not as a placeholder");
	ok(!has("{{links}}{{lin}}", "link"), "neither longer nor shorter");
	ok(!has("{{link}}", ""), "nothing has the empty name");
	ok(!has("{{link}}", "{{link}}"), "a name is without braces");
}

static void
test_fill(void)
{
	fills_to("", USERS_ESCAPE_NONE, "");
	fills_to("plain & <b>", USERS_ESCAPE_HTML, "plain & <b>");
	fills_to("{{a}}", USERS_ESCAPE_NONE, "1");
	fills_to("x{{ a }}y{{a}}{{a}}z", USERS_ESCAPE_NONE, "x1y11z");
	fills_to("{{link}}", USERS_ESCAPE_NONE, "https://example.org/?a=1&b='2'");
	fills_to("{{link}}", USERS_ESCAPE_HTML,
			 "https://example.org/?a=1&amp;b=&#39;2&#39;");
	fills_to("{{first_name}}!", USERS_ESCAPE_NONE, "<b>\"J\xc3\xb6rg\"</b>!");
	fills_to("{{first_name}}!", USERS_ESCAPE_HTML,
			 "&lt;b&gt;&quot;J\xc3\xb6rg&quot;&lt;/b&gt;!");
	fills_to("[{{empty}}{{null}}]", USERS_ESCAPE_NONE, "[]");
	fills_to("[{{empty}}{{null}}]", USERS_ESCAPE_HTML, "[]");
	fills_to("{{nested}}a}}", USERS_ESCAPE_NONE, "{{a}}{{a}}");
	fills_to("{{nested}}", USERS_ESCAPE_HTML, "{{a}}{{");
	fills_to("{{a}}}", USERS_ESCAPE_NONE, "1}");
}

/* What a check refuses. */
static void
test_fill_unchecked(void)
{
	fills_to("[{{unknown}}]", USERS_ESCAPE_HTML, "[]");
	fills_to("{{", USERS_ESCAPE_NONE, "{{");
	fills_to("{{a", USERS_ESCAPE_NONE, "{{a");
	fills_to("{{a}", USERS_ESCAPE_HTML, "{{a}");
	fills_to("{{!}}{{a}}", USERS_ESCAPE_NONE, "{{!}}1");
	fills_to("{{{a}}}", USERS_ESCAPE_NONE, "{{{a}}}");
	fills_to("{{{{a}}}}", USERS_ESCAPE_NONE, "{{1}}");
}

static void
test_caps(void)
{
	size_t length = 1;
	char out[1] = { 'x' };

	is(users_template_length(&length, 0, "", 0, NULL, 0, USERS_ESCAPE_NONE),
	   USERS_OK, "nothing fits in nothing");
	is(length, 0, "and is nothing");
	users_template_fill(out, "", 0, NULL, 0, USERS_ESCAPE_HTML);
	is(out[0], '\0', "filling it writes NUL");
	length = 1;
	is(users_template_length(&length, 0, "x", 1, NULL, 0, USERS_ESCAPE_NONE),
	   USERS_TOO_LONG, "a byte does not");
	is(length, 0, "too long is 0");
	is(users_template_length(&length, 2, "{{null}}{{empty}}ab", 19, values,
							 COUNT(values), USERS_ESCAPE_HTML),
	   USERS_OK, "placeholders alone take no room");
	is(users_template_length(&length, 4, "{{c}}", 5, &(UsersValue){ "c", "&" },
							 1, USERS_ESCAPE_HTML),
	   USERS_TOO_LONG, "a reference is not cut");
	is(users_template_length(&length, 1, "{{c}}", 5, &(UsersValue){ "c", "&" },
							 1, USERS_ESCAPE_NONE),
	   USERS_OK, "unescaped it is one byte");
}

int
main(void)
{
	test_accepted();
	test_malformed();
	test_unknown();
	test_every_character();
	test_lengths();
	test_cut();
	test_has();
	test_fill();
	test_fill_unchecked();
	test_caps();
	return tap_done();
}
