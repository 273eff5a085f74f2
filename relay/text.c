#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "text.h"

/* Nothing that people write to each other has words as long as a token. */
#define LONG_WORD 32

static void *
allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
	{
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

/* realloc would leave a copy behind. */
static void
make_room(Text *text, size_t more)
{
	size_t cap = text->cap == 0 ? 128 : text->cap;
	char *data;

	if (text->data != NULL && more < text->cap - text->len)
		return;
	while (cap - text->len <= more)
	{
		if (cap > SIZE_MAX / 2)
			abort();
		cap *= 2;
	}
	data = allocate(cap);
	if (text->data != NULL)
		memcpy(data, text->data, text->len);
	string_wipe(text->data);
	data[text->len] = '\0';
	text->data = data;
	text->cap = cap;
}

void
text_add(Text *text, const char *data, size_t len)
{
	make_room(text, len);
	if (len > 0)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void
text_puts(Text *text, const char *data)
{
	text_add(text, data, strlen(data));
}

void
text_number(Text *text, long number)
{
	char digits[32];

	(void) snprintf(digits, sizeof(digits), "%ld", number);
	text_puts(text, digits);
}

void
text_format(Text *text, const char *format, ...)
{
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (len < 0)
		return;
	make_room(text, (size_t) len + 1);
	va_start(arguments, format);
	(void) vsnprintf(text->data + text->len, (size_t) len + 1, format,
					 arguments);
	va_end(arguments);
	text->len += (size_t) len;
}

const char *
text_get(const Text *text)
{
	return text->data == NULL ? "" : text->data;
}

void
text_wipe(Text *text)
{
	if (text->data != NULL)
		sodium_memzero(text->data, text->cap);
	free(text->data);
	*text = (Text){ 0 };
}

void
string_wipe(char *string)
{
	if (string != NULL)
		sodium_memzero(string, strlen(string));
	free(string);
}

char *
string_copy(const char *string)
{
	size_t size = strlen(string) + 1;

	return memcpy(allocate(size), string, size);
}

/* How many octets a character has that begins with this one, and what this one
 * holds of it. */
static int
utf8_lead(unsigned char c, int32_t *bits)
{
	if (c < 0x80)
	{
		*bits = c;
		return 1;
	}
	if (c >= 0xc2 && c < 0xe0)
	{
		*bits = c & 0x1f;
		return 2;
	}
	if (c >= 0xe0 && c < 0xf0)
	{
		*bits = c & 0x0f;
		return 3;
	}
	if (c >= 0xf0 && c < 0xf5)
	{
		*bits = c & 0x07;
		return 4;
	}
	return 0;
}

int32_t
utf8_next(const char **at, const char *end)
{
	const unsigned char *p = (const unsigned char *) *at;
	int32_t code = 0;
	int octets = utf8_lead(*p, &code);

	(*at)++;
	if (octets == 0 || end - (const char *) p < octets)
		return -1;
	for (int i = 1; i < octets; i++)
	{
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		code = code << 6 | (p[i] & 0x3f);
	}
	if ((octets == 3 && code < 0x800) || (octets == 4 && code < 0x10000) ||
		code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return -1;
	*at = (const char *) p + octets;
	return code;
}

static bool
breaks_lines(int32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
		   (code >= 0x2028 && code <= 0x202e) ||
		   (code >= 0x2066 && code <= 0x2069);
}

void
text_clean(Text *out, const char *value, size_t len)
{
	const char *at = value;
	const char *end = value + len;

	make_room(out, len);
	while (at < end)
	{
		const char *start = at;
		int32_t code = utf8_next(&at, end);

		if (code < 0)
			text_puts(out, "\xef\xbf\xbd");
		else if (breaks_lines(code))
			text_puts(out, " ");
		else
			text_add(out, start, (size_t) (at - start));
	}
}

bool
is_ascii(const char *value)
{
	for (; *value != '\0'; value++)
	{
		if ((unsigned char) *value >= 0x80)
			return false;
	}
	return true;
}

/* Letters of base64url, and the dots between the parts of a JWT. */
static bool
may_be_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		   (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '+' ||
		   c == '/' || c == '=' || c == '.';
}

static bool
has_token(const char *word, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++)
	{
		run = may_be_token(word[i]) ? run + 1 : 0;
		if (run >= LONG_WORD)
			return true;
		if (len - i > 3 && memcmp(word + i, "://", 3) == 0)
			return true;
	}
	return false;
}

void
text_quote(Text *out, const char *said, size_t len, size_t max)
{
	Text clean = { 0 };
	size_t before = out->len;
	const char *at;

	text_clean(&clean, said, len);
	at = text_get(&clean);
	while (*at != '\0')
	{
		size_t spaces = strspn(at, " ");
		size_t word = strcspn(at + spaces, " ");
		bool hide = has_token(at + spaces, word);
		size_t wanted = (spaces > 0) + (hide ? 5 : word);

		if (out->len - before + wanted > max || word == 0)
			break;
		if (spaces > 0 && out->len > before)
			text_puts(out, " ");
		if (hide)
			text_puts(out, "[...]");
		else
			text_add(out, at + spaces, word);
		at += spaces + word;
	}
	text_wipe(&clean);
}
