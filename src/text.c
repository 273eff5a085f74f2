#include "pg.h"

#include "core/grammar.h"
#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Other encodings have no U+FFFD. */
static void
use_question_marks(char *text)
{
	char *found;

	while ((found = strstr(text, REPLACEMENT)) != NULL)
	{
		*found = '?';
		memmove(found + 1, found + 3, strlen(found + 3) + 1);
	}
}

size_t
users_printable_text(char *out, size_t cap, const char *text, size_t len)
{
	char *utf8;
	char *printable;
	char *back;

	/* Of what is too long anyway only so much is looked at. */
	len = (size_t) pg_mbcliplen(text, (int) Min(len, 65536),
								(int) Min(len, 4 * cap));
	if (GetDatabaseEncoding() == PG_UTF8)
		return users_printable(out, cap, text, len);
	utf8 = pg_server_to_any(text, (int) len, PG_UTF8);
	printable = palloc(4 * cap);
	(void) users_printable(printable, 4 * cap, utf8,
						   utf8 == text ? len : strlen(utf8));
	use_question_marks(printable);
	back = pg_any_to_server(printable, (int) strlen(printable), PG_UTF8);
	len = (size_t) pg_mbcliplen(back, (int) strlen(back), (int) cap - 1);
	memcpy(out, back, len);
	out[len] = '\0';
	return len;
}

bool
users_is_name(const char *name, size_t max)
{
	char *utf8 = pg_server_to_any(name, (int) strlen(name), PG_UTF8);

	return users_name_check(utf8, strlen(utf8), max) == USERS_OK;
}
