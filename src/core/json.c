#include <stdint.h>
#include <string.h>

#include "grammar.h"
#include "json.h"

typedef struct Reader
{
	const char *at;
	const char *end;
} Reader;

/* Which levels are open: one bit each, set for an object, clear for an array.
 */
typedef struct Nesting
{
	uint32_t objects;
	unsigned depth;
} Nesting;

static void
skip_space(Reader *reader)
{
	while (reader->at < reader->end &&
		   (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' ||
			*reader->at == '\r'))
		reader->at++;
}

/* Moves past c if it comes next. */
static bool
take(Reader *reader, char c)
{
	if (reader->at >= reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Moves past digits; false if there is none. */
static bool
take_digits(Reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && is_digit(*reader->at))
		reader->at++;
	return reader->at > start;
}

/* Four hexadecimal digits as a number, or -1. */
static int32_t
take_hex4(Reader *reader)
{
	int32_t value = 0;

	if (reader->end - reader->at < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		char c = *reader->at++;

		value *= 16;
		if (is_digit(c))
			value += c - '0';
		else if (c >= 'a' && c <= 'f')
			value += c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value += c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

/* The code point that the escape behind a backslash stands for, or -1. */
static int32_t
take_escape(Reader *reader)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	int32_t high;
	int32_t low;

	if (reader->at >= reader->end)
		return -1;
	if (*reader->at != 'u')
	{
		const char *found = memchr(letters, *reader->at++, sizeof(letters) - 1);

		return found == NULL ? -1 : meanings[found - letters];
	}
	reader->at++;
	high = take_hex4(reader);
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || !take(reader, '\\') || !take(reader, 'u'))
		return -1;
	low = take_hex4(reader);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* A string with its quotes. That its bytes are UTF-8 is known already. */
static bool
take_string(Reader *reader, UsersJsonText *string)
{
	if (!take(reader, '"'))
		return false;
	string->data = reader->at;
	string->escaped = false;
	while (reader->at < reader->end)
	{
		char c = *reader->at++;

		if (c == '"')
		{
			string->len = (size_t) (reader->at - 1 - string->data);
			return true;
		}
		if ((unsigned char) c < 0x20)
			return false;
		if (c == '\\')
		{
			string->escaped = true;
			if (take_escape(reader) < 0)
				return false;
		}
	}
	return false;
}

static bool
take_number(Reader *reader)
{
	(void) take(reader, '-');
	/* A leading zero stands alone. */
	if (!take(reader, '0') && !take_digits(reader))
		return false;
	if (take(reader, '.') && !take_digits(reader))
		return false;
	if (take(reader, 'e') || take(reader, 'E'))
	{
		if (!take(reader, '+'))
			(void) take(reader, '-');
		return take_digits(reader);
	}
	return true;
}

static bool
take_word(Reader *reader, const char *word)
{
	size_t len = strlen(word);

	if ((size_t) (reader->end - reader->at) < len ||
		memcmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

/* A value that is neither object nor array. */
static bool
take_scalar(Reader *reader)
{
	UsersJsonText string;

	if (reader->at >= reader->end)
		return false;
	switch (*reader->at)
	{
		case '"':
			return take_string(reader, &string);
		case 't':
			return take_word(reader, "true");
		case 'f':
			return take_word(reader, "false");
		case 'n':
			return take_word(reader, "null");
		default:
			return take_number(reader);
	}
}

/* A member's name and the colon. */
static bool
take_name(Reader *reader, UsersJsonText *name)
{
	skip_space(reader);
	if (!take_string(reader, name))
		return false;
	skip_space(reader);
	return take(reader, ':');
}

static bool
in_object(const Nesting *nesting)
{
	return (nesting->objects >> nesting->depth & 1) != 0;
}

/* Moves past what may follow a value, up to where the next value must begin:
 * closes levels, or reads a comma and in an object a name. Depth is 0 when the
 * value was the last one. */
static bool
take_continuation(Reader *reader, Nesting *nesting)
{
	UsersJsonText name;

	while (nesting->depth > 0)
	{
		skip_space(reader);
		if (take(reader, ','))
			return !in_object(nesting) || take_name(reader, &name);
		if (!take(reader, in_object(nesting) ? '}' : ']'))
			return false;
		nesting->depth--;
	}
	return true;
}

/* Moves past any value. The levels are counted, not recursed into: whoever
 * writes the text does not choose how much stack is used. */
static bool
take_value(Reader *reader)
{
	Nesting nesting = { 0, 0 };
	UsersJsonText name;

	do
	{
		bool object;

		skip_space(reader);
		object = take(reader, '{');
		if (object || take(reader, '['))
		{
			if (++nesting.depth > USERS_JSON_DEPTH)
				return false;
			nesting.objects &= ~((uint32_t) 1 << nesting.depth);
			nesting.objects |= (uint32_t) object << nesting.depth;
			skip_space(reader);
			if (!take(reader, object ? '}' : ']'))
			{
				if (object && !take_name(reader, &name))
					return false;
				continue;
			}
			nesting.depth--;
		}
		else if (!take_scalar(reader))
			return false;
		if (!take_continuation(reader, &nesting))
			return false;
	} while (nesting.depth > 0);
	return true;
}

/* The type of the value that begins with c, if it is one. */
static UsersJsonType
type_of(char c)
{
	switch (c)
	{
		case '"':
			return USERS_JSON_STRING;
		case '{':
			return USERS_JSON_OBJECT;
		case '[':
			return USERS_JSON_ARRAY;
		case 't':
		case 'f':
		case 'n':
			return USERS_JSON_LITERAL;
		default:
			return USERS_JSON_NUMBER;
	}
}

static bool
take_member(Reader *reader, UsersJsonMember *member)
{
	if (!take_name(reader, &member->name))
		return false;
	skip_space(reader);
	if (reader->at >= reader->end)
		return false;
	member->type = type_of(*reader->at);
	if (member->type == USERS_JSON_STRING)
		return take_string(reader, &member->value);
	member->value.data = reader->at;
	member->value.escaped = false;
	if (!take_value(reader))
		return false;
	member->value.len = (size_t) (reader->at - member->value.data);
	return true;
}

/* Writes a code point as UTF-8 and returns the number of bytes. */
static size_t
put_code_point(char *out, int32_t code)
{
	if (code < 0x80)
	{
		out[0] = (char) code;
		return 1;
	}
	if (code < 0x800)
	{
		out[0] = (char) (0xc0 | code >> 6);
		out[1] = (char) (0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000)
	{
		out[0] = (char) (0xe0 | code >> 12);
		out[1] = (char) (0x80 | (code >> 6 & 0x3f));
		out[2] = (char) (0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char) (0xf0 | code >> 18);
	out[1] = (char) (0x80 | (code >> 12 & 0x3f));
	out[2] = (char) (0x80 | (code >> 6 & 0x3f));
	out[3] = (char) (0x80 | (code & 0x3f));
	return 4;
}

/* Bytes of the UTF-8 character that begins with lead. */
static size_t
character_len(char lead)
{
	unsigned char byte = (unsigned char) lead;

	if (byte < 0x80)
		return 1;
	if (byte < 0xe0)
		return 2;
	return byte < 0xf0 ? 3 : 4;
}

/* Writes the next character of a string, decoded if it has escapes, and returns
 * its number of bytes; 0 at the end. */
static size_t
next_character(Reader *reader, bool escaped, char out[4])
{
	size_t len;

	if (reader->at >= reader->end)
		return 0;
	if (escaped && take(reader, '\\'))
		return put_code_point(out, take_escape(reader));
	len = character_len(*reader->at);
	memcpy(out, reader->at, len);
	reader->at += len;
	return len;
}

/* Whether two strings mean the same, whatever is escaped in them. */
static bool
same_string(const UsersJsonText *a, const UsersJsonText *b)
{
	Reader left = { a->data, a->data + a->len };
	Reader right = { b->data, b->data + b->len };
	size_t len;

	if (!a->escaped && !b->escaped)
		return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
	do
	{
		char one[4];
		char other[4];

		len = next_character(&left, a->escaped, one);
		if (next_character(&right, b->escaped, other) != len ||
			memcmp(one, other, len) != 0)
			return false;
	} while (len > 0);
	return true;
}

/* Whether no two members have the same name. */
static bool
all_distinct(const UsersJsonMember *members, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (same_string(&members[i].name, &members[j].name))
				return false;
	return true;
}

/* The members and the closing brace. */
static UsersStatus
take_members(Reader *reader, UsersJsonMember *members, size_t cap, size_t *n)
{
	*n = 0;
	skip_space(reader);
	if (take(reader, '}'))
		return USERS_OK;
	do
	{
		if (*n == cap)
			return USERS_TOO_LONG;
		if (!take_member(reader, &members[*n]))
			return USERS_MALFORMED;
		(*n)++;
		skip_space(reader);
	} while (take(reader, ','));
	return take(reader, '}') ? USERS_OK : USERS_MALFORMED;
}

UsersStatus
users_json_object(UsersJsonMember *members, size_t cap, size_t *n,
				  const char *text, size_t len)
{
	Reader reader = { text, text + len };
	UsersStatus status;
	size_t characters;

	*n = 0;
	status = users_utf8_count(&characters, text, len);
	if (status != USERS_OK)
		return status;
	skip_space(&reader);
	if (!take(&reader, '{'))
		return USERS_MALFORMED;
	status = take_members(&reader, members, cap, n);
	skip_space(&reader);
	if (status == USERS_OK &&
		(reader.at != reader.end || !all_distinct(members, *n)))
		status = USERS_MALFORMED;
	if (status != USERS_OK)
		*n = 0;
	return status;
}

bool
users_json_is(const UsersJsonText *text, const char *word)
{
	UsersJsonText other = { word, strlen(word), false };

	return same_string(text, &other);
}

const UsersJsonMember *
users_json_find(const UsersJsonMember *members, size_t n, const char *name)
{
	UsersJsonText wanted = { name, strlen(name), false };

	for (size_t i = 0; i < n; i++)
		if (same_string(&members[i].name, &wanted))
			return &members[i];
	return NULL;
}

UsersStatus
users_json_decode(char *out, size_t cap, size_t *len, const UsersJsonText *text)
{
	Reader reader = { text->data, text->data + text->len };
	char character[4];
	size_t used = 0;
	size_t more;

	*len = 0;
	if (!text->escaped)
	{
		if (text->len > cap)
			return USERS_TOO_LONG;
		memcpy(out, text->data, text->len);
		*len = text->len;
		return USERS_OK;
	}
	while ((more = next_character(&reader, true, character)) > 0)
	{
		if (more > cap - used)
			return USERS_TOO_LONG;
		memcpy(out + used, character, more);
		used += more;
	}
	*len = used;
	return USERS_OK;
}
