/* Addresses, usernames and names that pass are what they are said to be; what
 * is shown again is text that disturbs nobody. */
#include <stdbool.h>

#include "grammar.h"

#include "fuzz.h"

#define SIZE_HERE 1024

static void
check_identifiers(const char *text, size_t len)
{
	char folded[SIZE_HERE];
	UsersStatus status = users_email_check(text, len);

	users_fold(folded, text, len);
	MUST(users_email_check(folded, len) == status);
	if (status == USERS_OK)
	{
		const char *at = memchr(text, '@', len);

		MUST(len >= 3 && len <= USERS_EMAIL_MAX && at != NULL && at > text);
		MUST(memchr(at + 1, '@', len - (size_t) (at + 1 - text)) == NULL);
		for (size_t i = 0; i < len; i++)
			MUST(text[i] > ' ' && text[i] < 0x7f && text[i] != ',');
	}
	status = users_username_check(text, len);
	MUST(users_username_check(folded, len) == status);
	if (status == USERS_OK)
	{
		MUST(len >= 1 && len <= USERS_USERNAME_MAX);
		/* Nothing is both, or one could sign in as another. */
		MUST(users_email_check(text, len) == USERS_MALFORMED);
		MUST(users_name_check(text, len, USERS_NAME_MAX) == USERS_OK);
	}
	users_fold(folded, folded, len);
	for (size_t i = 0; i < len; i++)
		MUST(folded[i] < 'A' || folded[i] > 'Z');
}

/* Of valid text. */
static size_t
count(const char *text, size_t len)
{
	size_t characters;

	MUST(users_utf8_count(&characters, text, len) == USERS_OK);
	MUST(characters <= len);
	return characters;
}

static void
check_name(const char *text, size_t len)
{
	const char *trimmed = text;
	size_t trimmed_len = len;
	const char *again;
	size_t again_len;
	size_t characters;

	users_trim(&trimmed, &trimmed_len);
	MUST(trimmed >= text && trimmed + trimmed_len <= text + len);
	again = trimmed;
	again_len = trimmed_len;
	users_trim(&again, &again_len);
	MUST(again == trimmed && again_len == trimmed_len);
	/* Trimming takes whole characters. */
	if (users_utf8_count(&characters, text, len) == USERS_OK)
		(void) count(trimmed, trimmed_len);
	if (users_name_check(trimmed, trimmed_len, USERS_NAME_MAX) == USERS_OK)
	{
		characters = count(trimmed, trimmed_len);
		MUST(characters >= 1 && characters <= USERS_NAME_MAX);
		MUST(users_name_check(trimmed, trimmed_len, characters) == USERS_OK);
		MUST(users_name_check(trimmed, trimmed_len, characters - 1) ==
			 USERS_TOO_LONG);
	}
}

static void
check_printable(const char *text, size_t len, size_t cap)
{
	char *out = malloc(cap);
	char again[SIZE_HERE];
	size_t out_len;

	MUST(out != NULL);
	out_len = users_printable(out, cap, text, len);
	MUST(out_len < cap && out[out_len] == '\0' && strlen(out) == out_len);
	(void) count(out, out_len);
	for (size_t i = 0; i < out_len; i++)
	{
		MUST((unsigned char) out[i] >= ' ' && out[i] != 0x7f);
		/* C1 in UTF-8 */
		MUST(i == 0 || out[i - 1] != '\xc2' || (unsigned char) out[i] >= 0xa0);
	}
	MUST(users_printable(again, cap, out, out_len) == out_len &&
		 memcmp(again, out, out_len) == 0);
	if (users_name_check(text, len, SIZE_HERE) == USERS_OK && len < cap)
		MUST(out_len == len && memcmp(out, text, len) == 0);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;

	if (size > SIZE_HERE / 4)
		return 0;
	check_identifiers(text, size);
	check_name(text, size);
	for (size_t cap = 1; cap < 8; cap++)
		check_printable(text, size, cap);
	check_printable(text, size, SIZE_HERE);
	return 0;
}
