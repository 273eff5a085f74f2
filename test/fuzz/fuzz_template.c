/* What passes the check is filled with nothing left over; values stay what
 * they are, whatever is in them. The input is a template, NUL, and a value. */
#include <stdbool.h>

#include "template.h"

#include "fuzz.h"

#define SIZE_HERE 4096

static const char *const names[] = { "a", "link", "first_name", NULL };
#define NAMES 3

/* Checked for its length; to be freed. */
static char *
fill(const char *text, size_t len, const UsersValue *values, UsersEscape escape,
	 size_t *length)
{
	size_t again;
	char *out;

	MUST(users_template_length(length, SIZE_MAX, text, len, values, NAMES,
							   escape) == USERS_OK);
	MUST(users_template_length(&again, *length, text, len, values, NAMES,
							   escape) == USERS_OK);
	MUST(again == *length);
	if (*length > 0)
		MUST(users_template_length(&again, *length - 1, text, len, values,
								   NAMES, escape) == USERS_TOO_LONG);
	out = malloc(*length + 1);
	MUST(out != NULL);
	users_template_fill(out, text, len, values, NAMES, escape);
	MUST(out[*length] == '\0');
	return out;
}

static void
check_fault(const char *text, size_t len, UsersStatus status, const char *bad,
			size_t bad_len)
{
	const char *other;
	size_t other_len;

	if (status == USERS_OK)
	{
		MUST(bad == NULL && bad_len == 0);
		return;
	}
	MUST(status == USERS_MALFORMED || status == USERS_UNSUPPORTED);
	MUST(bad_len >= 2 && bad_len <= USERS_TEMPLATE_BAD);
	MUST(bad >= text && bad + bad_len <= text + len);
	MUST(memcmp(bad, "{{", 2) == 0);
	/* It was the first fault. */
	MUST(users_template_check(text, (size_t) (bad - text), names, &other,
							  &other_len) == USERS_OK);
}

/* Placeholders filled with themselves, without their spaces. */
static void
check_identity(const char *text, size_t len)
{
	static const UsersValue same[NAMES] = { { "a", "{{a}}" },
											{ "link", "{{link}}" },
											{ "first_name",
											  "{{first_name}}" } };
	const char *bad;
	size_t bad_len;
	size_t once_len;
	size_t twice_len;
	char *once = fill(text, len, same, USERS_ESCAPE_HTML, &once_len);
	char *twice = fill(once, once_len, same, USERS_ESCAPE_NONE, &twice_len);

	MUST(users_template_check(once, once_len, names, &bad, &bad_len) ==
		 USERS_OK);
	MUST(once_len <= len && once_len == twice_len);
	MUST(memcmp(once, twice, once_len) == 0);
	for (size_t i = 0; i < NAMES; i++)
		MUST(users_template_has(text, len, names[i]) ==
			 (strstr(once, same[i].value) != NULL));
	free(once);
	free(twice);
}

static size_t
count(const char *text, size_t len, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == c;
	return n;
}

static void
check_value(const char *text, size_t len, const char *value)
{
	const UsersValue values[NAMES] = { { "a", value },
									   { "link", value },
									   { "first_name", NULL } };
	static const UsersValue empty[NAMES] = { { "a", NULL },
											 { "link", "" },
											 { "first_name", NULL } };
	size_t plain_len;
	size_t escaped_len;
	size_t bare_len;
	char *plain = fill(text, len, values, USERS_ESCAPE_NONE, &plain_len);
	char *escaped = fill(text, len, values, USERS_ESCAPE_HTML, &escaped_len);
	char *bare = fill(text, len, empty, USERS_ESCAPE_NONE, &bare_len);

	/* No placeholder has these, so they are the template's own. */
	for (const char *c = "<>\"'"; *c != '\0'; c++)
		MUST(count(escaped, escaped_len, *c) == count(text, len, *c));
	/* The value came in as often as there were placeholders for it. */
	if (strlen(value) > 0)
		MUST((plain_len - bare_len) % strlen(value) == 0);
	MUST(bare_len <= len && plain_len <= escaped_len);
	free(plain);
	free(escaped);
	free(bare);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	const char *end;
	char value[SIZE_HERE + 1] = "";
	const char *bad;
	size_t bad_len;
	size_t len;
	UsersStatus status;

	if (size > SIZE_HERE)
		return 0;
	end = size > 0 ? memchr(text, '\0', size) : NULL;
	len = end != NULL ? (size_t) (end - text) : size;
	if (end != NULL)
		memcpy(value, end + 1, size - len - 1);
	status = users_template_check(text, len, names, &bad, &bad_len);
	check_fault(text, len, status, bad, bad_len);
	if (status == USERS_OK)
		check_identity(text, len);
	check_value(text, len, value);
	return 0;
}
