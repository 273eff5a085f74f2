#include "pg.h"

#include "choice.h"
#include "query.h"

enum
{
	FIND_LANGUAGE,
	FIND_THEME,
	LIST_LANGUAGES,
	LIST_THEMES
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

void
users_init_choice(void)
{
	users_register_queries(queries, lengthof(queries));
}
