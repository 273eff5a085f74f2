/* What the reader accepts has one meaning, and keeps it when it is written
 * anew. */
#include <stdbool.h>

#include "grammar.h"
#include "json.h"

#include "fuzz.h"

#define MEMBERS	 32
#define TEXT_MAX 8192

/* Decodes a string member's name or value. */
static size_t
decode(char *out, const UsersJsonText *text)
{
	size_t len;
	size_t characters;

	MUST(users_json_decode(out, TEXT_MAX, &len, text) == USERS_OK);
	MUST(len <= text->len);
	MUST(users_utf8_count(&characters, out, len) == USERS_OK);
	if (len > 0)
	{
		size_t none;

		MUST(users_json_decode(out, len - 1, &none, text) == USERS_TOO_LONG);
		MUST(users_json_decode(out, len, &len, text) == USERS_OK);
	}
	out[len] = '\0';
	if (strlen(out) == len)
		MUST(users_json_is(text, out));
	return len;
}

static void
check_members(const UsersJsonMember *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		char name[TEXT_MAX + 1];
		char other[TEXT_MAX + 1];
		size_t len = decode(name, &members[i].name);

		if (strlen(name) == len)
			MUST(users_json_find(members, n, name) == &members[i]);
		for (size_t j = 0; j < i; j++)
			MUST(decode(other, &members[j].name) != len ||
				 memcmp(name, other, len) != 0);
		if (members[i].type == USERS_JSON_STRING)
			(void) decode(other, &members[i].value);
		else
			MUST(members[i].value.len > 0 && !members[i].value.escaped);
	}
}

/* The members once more, with nothing around them that need not be. */
static size_t
rewrite(char *out, const UsersJsonMember *members, size_t n)
{
	size_t len = 0;

	out[len++] = '{';
	for (size_t i = 0; i < n; i++)
	{
		bool string = members[i].type == USERS_JSON_STRING;

		len +=
			(size_t) sprintf(out + len, "%s\"%.*s\":%s%.*s%s", i > 0 ? "," : "",
							 (int) members[i].name.len, members[i].name.data,
							 string ? "\"" : "", (int) members[i].value.len,
							 members[i].value.data, string ? "\"" : "");
	}
	out[len++] = '}';
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	UsersJsonMember members[MEMBERS];
	UsersJsonMember again[MEMBERS];
	char text[2 * TEXT_MAX];
	UsersStatus status;
	size_t count;
	size_t len;
	size_t n;

	if (size > TEXT_MAX / 2)
		return 0;
	status = users_json_object(members, MEMBERS, &n, (const char *) data, size);
	if (status != USERS_OK)
	{
		MUST(n == 0);
		return 0;
	}
	MUST(n <= MEMBERS);
	check_members(members, n);
	len = rewrite(text, members, n);
	MUST(len <= size);
	MUST(users_json_object(again, MEMBERS, &count, text, len) == USERS_OK);
	MUST(count == n);
	for (size_t i = 0; i < n; i++)
		MUST(again[i].type == members[i].type &&
			 again[i].value.len == members[i].value.len &&
			 memcmp(again[i].value.data, members[i].value.data,
					members[i].value.len) == 0);
	if (n > 0)
		MUST(users_json_object(again, n - 1, &count, text, len) ==
			 USERS_TOO_LONG);
	MUST(users_json_object(again, MEMBERS, &count, text, len - 1) ==
		 USERS_MALFORMED);
	text[len] = '}';
	MUST(users_json_object(again, MEMBERS, &count, text, len + 1) ==
		 USERS_MALFORMED);
	return 0;
}
