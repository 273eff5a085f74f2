#include <stdint.h>
#include <string.h>

#include "grammar.h"

/*
 * Decodes the UTF-8 character at text, of which len bytes (at least one) are
 * left: sets *code and returns its bytes, 0 when it is invalid. The second
 * byte's range depends on the first (Unicode, table 3-7), which is what keeps
 * out overlong forms, surrogates and everything above U+10FFFF.
 */
static size_t
decode_character(uint32_t *code, const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *) text;
	unsigned char lead = bytes[0];
	unsigned char lowest = 0x80;
	unsigned char highest = 0xbf;
	size_t more;

	if (lead < 0x80)
	{
		*code = lead;
		return 1;
	}
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	if (len <= more)
		return 0;
	if (lead == 0xe0)
		lowest = 0xa0;
	else if (lead == 0xed)
		highest = 0x9f;
	else if (lead == 0xf0)
		lowest = 0x90;
	else if (lead == 0xf4)
		highest = 0x8f;
	if (bytes[1] < lowest || bytes[1] > highest)
		return 0;
	*code = lead & (0x3fU >> more);
	for (size_t i = 1; i <= more; i++)
	{
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	return more + 1;
}

/* How many bytes from text on are ASCII, in steps of eight. */
static size_t
ascii_run(const char *text, size_t len)
{
	size_t run = 0;

	while (len - run >= sizeof(uint64_t))
	{
		uint64_t word;

		memcpy(&word, text + run, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
		run += sizeof(word);
	}
	return run;
}

UsersStatus
users_utf8_count(size_t *count, const char *text, size_t len)
{
	size_t at = 0;

	*count = 0;
	while (at < len)
	{
		uint32_t code;
		size_t bytes = ascii_run(text + at, len - at);

		at += bytes;
		*count += bytes;
		if (at == len)
			break;
		bytes = decode_character(&code, text + at, len - at);
		if (bytes == 0)
		{
			*count = 0;
			return USERS_MALFORMED;
		}
		at += bytes;
		(*count)++;
	}
	return USERS_OK;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_alphanumeric(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* A part of a domain: 1 to 63 letters, digits and inner hyphens. */
static bool
is_domain_label(const char *label, size_t len)
{
	if (len < 1 || len > 63)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alphanumeric(label[i]) && label[i] != '-')
			return false;
	return label[0] != '-' && label[len - 1] != '-';
}

/* Labels with dots between them. */
static bool
is_domain(const char *text, size_t len)
{
	const char *dot;

	while ((dot = memchr(text, '.', len)) != NULL)
	{
		size_t label_len = (size_t) (dot - text);

		if (!is_domain_label(text, label_len))
			return false;
		text = dot + 1;
		len -= label_len + 1;
	}
	return is_domain_label(text, len);
}

UsersStatus
users_email_check(const char *text, size_t len)
{
	static const char marks[] = ".!#$%&'*+/=?^_`{|}~-";
	const char *at;

	if (len < 1)
		return USERS_TOO_SHORT;
	if (len > USERS_EMAIL_MAX)
		return USERS_TOO_LONG;
	at = memchr(text, '@', len);
	if (at == NULL || at == text)
		return USERS_MALFORMED;
	for (const char *c = text; c < at; c++)
		if (!is_alphanumeric(*c) &&
			memchr(marks, *c, sizeof(marks) - 1) == NULL)
			return USERS_MALFORMED;
	len -= (size_t) (at + 1 - text);
	return is_domain(at + 1, len) ? USERS_OK : USERS_MALFORMED;
}

UsersStatus
users_username_check(const char *text, size_t len)
{
	if (len < 1)
		return USERS_TOO_SHORT;
	if (len > USERS_USERNAME_MAX)
		return USERS_TOO_LONG;
	if (!is_alphanumeric(text[0]) || text[len - 1] == '.')
		return USERS_MALFORMED;
	for (size_t i = 1; i < len; i++)
	{
		if (!is_alphanumeric(text[i]) && text[i] != '_' && text[i] != '-' &&
			text[i] != '.')
			return USERS_MALFORMED;
		if (text[i] == '.' && text[i - 1] == '.')
			return USERS_MALFORMED;
	}
	return USERS_OK;
}

void
users_fold(char *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		char c = text[i];

		out[i] = (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
}

static bool
is_space(uint32_t code)
{
	return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 ||
		   code == 0xa0 || code == 0x1680 ||
		   (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
		   code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

/* Bytes of the white space that text begins with, 0 for none. */
static size_t
space_at_start(const char *text, size_t len)
{
	uint32_t code;
	size_t bytes = decode_character(&code, text, len);

	return bytes > 0 && is_space(code) ? bytes : 0;
}

/* Bytes of the white space that text ends with, 0 for none. No white space is
 * longer than three bytes, and none is the tail of a longer character. */
static size_t
space_at_end(const char *text, size_t len)
{
	for (size_t bytes = 1; bytes <= 3 && bytes <= len; bytes++)
		if (space_at_start(text + len - bytes, bytes) == bytes)
			return bytes;
	return 0;
}

void
users_trim(const char **text, size_t *len)
{
	size_t bytes;

	while (*len > 0 && (bytes = space_at_start(*text, *len)) > 0)
	{
		*text += bytes;
		*len -= bytes;
	}
	while (*len > 0 && (bytes = space_at_end(*text, *len)) > 0)
		*len -= bytes;
}

/* What disturbs the display of the text around it, or is no text at all. */
static bool
is_disruptive(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
		   (code >= 0x2028 && code <= 0x202e) ||
		   (code >= 0x2066 && code <= 0x2069) || code == 0xfeff ||
		   (code >= 0xfff9 && code <= 0xfffb);
}

/* Marks and joiners that have no appearance of their own. */
static bool
is_invisible(uint32_t code)
{
	return code >= 0x200c && code <= 0x200f;
}

UsersStatus
users_name_check(const char *text, size_t len, size_t max)
{
	size_t count = 0;
	bool visible = false;

	if (len == 0)
		return USERS_TOO_SHORT;
	for (size_t at = 0; at < len; count++)
	{
		uint32_t code;
		size_t bytes = decode_character(&code, text + at, len - at);

		/* Telling this first keeps a huge text from being read to its end. */
		if (count == max)
			return USERS_TOO_LONG;
		if (bytes == 0 || is_disruptive(code))
			return USERS_MALFORMED;
		visible = visible || !is_invisible(code);
		at += bytes;
	}
	return visible ? USERS_OK : USERS_MALFORMED;
}

size_t
users_printable(char *out, size_t cap, const char *text, size_t len)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t used = 0;

	if (cap == 0)
		return 0;
	for (size_t at = 0; at < len;)
	{
		uint32_t code;
		size_t bytes = decode_character(&code, text + at, len - at);
		size_t room = cap - 1 - used;
		const char *from = text + at;
		size_t copied = bytes;

		at += bytes > 0 ? bytes : 1;
		if (bytes == 0 || is_disruptive(code))
		{
			from = room < 3 ? "?" : replacement;
			copied = room < 3 ? 1 : 3;
		}
		if (copied > room)
			break;
		memcpy(out + used, from, copied);
		used += copied;
	}
	out[used] = '\0';
	return used;
}

static bool
begins_with(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(text, word, n) == 0;
}

UsersStatus
users_link_url_check(const char *text, size_t len)
{
	const size_t place = sizeof(USERS_LINK_PLACE) - 1;
	size_t scheme = begins_with(text, len, "https://")	? 8
					: begins_with(text, len, "http://") ? 7
														: 0;
	size_t host = 0;
	unsigned places = 0;

	if (len > USERS_LINK_URL_MAX)
		return USERS_TOO_LONG;
	if (scheme == 0)
		return USERS_MALFORMED;
	while (scheme + host < len &&
		   (is_alphanumeric(text[scheme + host]) ||
			memchr(".-:[]", text[scheme + host], 5) != NULL))
		host++;
	for (size_t i = scheme + host; i < len; i++)
	{
		if (text[i] <= ' ' || text[i] > '~' ||
			memchr("\"'<>\\^`|", text[i], 8) != NULL)
			return USERS_MALFORMED;
		if (begins_with(text + i, len - i, USERS_LINK_PLACE))
		{
			places++;
			i += place - 1;
		}
	}
	/* The host ends where the path begins: no user part, no token in it. */
	if (host == 0 || places != 1 ||
		memchr("/?#", text[scheme + host], 3) == NULL)
		return USERS_MALFORMED;
	return USERS_OK;
}

UsersStatus
users_sender_check(const char *text, size_t len)
{
	const char *open = memchr(text, '<', len);
	size_t name_len;

	if (open == NULL)
		return users_email_check(text, len);
	if (text[len - 1] != '>')
		return USERS_MALFORMED;
	name_len = (size_t) (open - text);
	/* Of white space only what no header breaks at. */
	while (name_len > 0 && text[name_len - 1] == ' ')
		name_len--;
	for (size_t i = 0; i < name_len; i++)
		if (memchr("\"\\>", text[i], 3) != NULL)
			return USERS_MALFORMED;
	if (users_name_check(text, name_len, USERS_NAME_MAX) != USERS_OK)
		return USERS_MALFORMED;
	return users_email_check(open + 1, len - (size_t) (open - text) - 2);
}
