#include "pg.h"

#include "caller.h"
#include "choice.h"
#include "core/grammar.h"
#include "errors.h"
#include "field.h"
#include "outcome.h"
#include "query.h"

#define CODE_MAX	35 /* what RFC 5646 asks readers to have room for */
#define SUBTAG_MAX	8
#define PRIMARY_MIN 2

PG_FUNCTION_INFO_V1(users_define_language);
PG_FUNCTION_INFO_V1(users_define_theme);

enum
{
	FIND_LANGUAGE,
	FIND_THEME,
	LIST_LANGUAGES,
	LIST_THEMES,
	FIND_SPELLING,
	PUT_LANGUAGE,
	PUT_THEME
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_LANGUAGE] = {
		.sql = "SELECT 1 FROM users.language WHERE code" EQ "$1",
		.types = { TEXTOID } },
	[FIND_THEME] = {
		.sql = "SELECT 1 FROM users.theme WHERE name" EQ "$1",
		.types = { TEXTOID } },
	[LIST_LANGUAGES] = {
		.sql = "SELECT pg_catalog.array_agg(code ORDER BY code) FROM users.language" },
	[LIST_THEMES] = {
		.sql = "SELECT pg_catalog.array_agg(name ORDER BY built_in DESC, name) FROM users.theme" },
	[FIND_SPELLING] = {
		.sql = "SELECT code, name, built_in FROM users.language"
			   " WHERE pg_catalog.lower(code)" EQ "pg_catalog.lower($1 COLLATE pg_catalog.\"C\")",
		.types = { TEXTOID } },
	[PUT_LANGUAGE] = {
		.sql = "INSERT INTO users.language (code, name) VALUES ($1, $2)"
			   " ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name",
		.types = { TEXTOID, TEXTOID } },
	[PUT_THEME] = {
		.sql = "INSERT INTO users.theme (name) VALUES ($1) ON CONFLICT DO NOTHING",
		.types = { TEXTOID } },
};
/* clang-format on */

bool
users_language_exists(const char *code)
{
	Datum value = CStringGetTextDatum(code);

	return users_read(&queries[FIND_LANGUAGE], &value, NULL) > 0;
}

bool
users_theme_exists(const char *name)
{
	Datum value = CStringGetTextDatum(name);

	return users_read(&queries[FIND_THEME], &value, NULL) > 0;
}

/* The one array of a query's result. */
static Datum
list_names(UsersQuery *query, MemoryContext context)
{
	bool isnull;
	Datum names;
	MemoryContext old;

	(void) users_read(query, NULL, NULL);
	names = users_column(0, 1, &isnull);
	old = MemoryContextSwitchTo(context);
	names = isnull ? PointerGetDatum(construct_empty_array(TEXTOID))
				   : datumCopy(names, false, -1);
	MemoryContextSwitchTo(old);
	return names;
}

Datum
users_language_names(MemoryContext context)
{
	return list_names(&queries[LIST_LANGUAGES], context);
}

Datum
users_theme_names(MemoryContext context)
{
	return list_names(&queries[LIST_THEMES], context);
}

static char *
choice_argument(FunctionCallInfo fcinfo, int n, bool (*exists)(const char *),
				UsersError error, const char *argument)
{
	char *choice = users_text_argument(fcinfo, n);

	if (choice != NULL &&
		(strlen(choice) > USERS_NAME_MAX * MAX_MULTIBYTE_CHAR_LEN ||
		 !exists(choice)))
		users_raise(error, argument);
	return choice;
}

char *
users_language_argument(FunctionCallInfo fcinfo, int n)
{
	return choice_argument(fcinfo, n, users_language_exists, USERS_E_LANGUAGE,
						   "language");
}

char *
users_theme_argument(FunctionCallInfo fcinfo, int n)
{
	return choice_argument(fcinfo, n, users_theme_exists, USERS_E_THEME,
						   "theme");
}

/* ---- what there is to choose from ---- */

typedef struct Definition
{
	char *code; /* NULL: of a theme */
	char *name;
} Definition;

/* Subtags as in BCP 47: letters and digits between single hyphens, the first of
 * letters only. */
static bool
is_language_code(const char *code)
{
	bool primary = true;
	int len = 0;

	if (strlen(code) > CODE_MAX)
		return false;
	for (; *code != '\0'; code++)
	{
		bool letter =
			(*code >= 'A' && *code <= 'Z') || (*code >= 'a' && *code <= 'z');

		if (*code == '-')
		{
			if (len < (primary ? PRIMARY_MIN : 1))
				return false;
			primary = false;
			len = 0;
		}
		else if ((!letter && (primary || *code < '0' || *code > '9')) ||
				 ++len > SUBTAG_MAX)
			return false;
	}
	return len >= (primary ? PRIMARY_MIN : 1);
}

/* For users_with_patience. A code in another case is the same language. */
static void
put_language(void *argument)
{
	Definition *definition = argument;
	Datum values[] = { CStringGetTextDatum(definition->code), 0 };

	if (users_read(&queries[FIND_SPELLING], values, NULL) > 0)
	{
		char *name = users_column_text(0, 2, CurrentMemoryContext);

		if (strcmp(name, definition->name) != 0 &&
			users_column_bool(0, 3, false))
			users_raise_detail(USERS_E_STATE, "code",
							   "The language is built in.");
		definition->code = users_column_text(0, 1, CurrentMemoryContext);
		if (strcmp(name, definition->name) == 0)
			return;
	}
	values[0] = CStringGetTextDatum(definition->code);
	values[1] = CStringGetTextDatum(definition->name);
	(void) users_write(&queries[PUT_LANGUAGE], values, NULL);
}

/* For users_with_patience. */
static void
put_theme(void *argument)
{
	const Definition *definition = argument;
	Datum value = CStringGetTextDatum(definition->name);

	(void) users_write(&queries[PUT_THEME], &value, NULL);
}

/* users_define_language(code text, name text) users_languages */
Datum
users_define_language(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Definition definition;
	Datum values[2];
	bool nulls[] = { false, false };

	users_begin(&call, "users_define_language", USERS_WRITES | USERS_ANYWHERE);
	users_require_administrator(&call);
	definition.code = users_trimmed_argument(fcinfo, 0);
	if (!is_language_code(definition.code))
		users_raise(USERS_E_LANGUAGE_CODE, "code");
	definition.name = users_name_argument(fcinfo, 1, "name");
	users_enter_owner(&call);
	if (!users_with_patience(put_language, &definition))
		users_raise_busy();
	definition.code = MemoryContextStrdup(call.context, definition.code);
	users_leave_owner(&call);
	values[0] = CStringGetTextDatum(definition.code);
	values[1] = CStringGetTextDatum(definition.name);
	return users_row(fcinfo, values, nulls, lengthof(values));
}

/* users_define_theme(name text) users_themes */
Datum
users_define_theme(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Definition definition = { .code = NULL };
	Datum value;
	bool isnull = false;

	users_begin(&call, "users_define_theme", USERS_WRITES | USERS_ANYWHERE);
	users_require_administrator(&call);
	definition.name = users_name_argument(fcinfo, 0, "name");
	users_enter_owner(&call);
	if (!users_with_patience(put_theme, &definition))
		users_raise_busy();
	users_leave_owner(&call);
	value = CStringGetTextDatum(definition.name);
	return users_row(fcinfo, &value, &isnull, 1);
}

void
users_init_choice(void)
{
	users_register_queries(queries, lengthof(queries));
}
