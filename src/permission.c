#include "pg.h"

#include "errors.h"
#include "permission.h"
#include "query.h"

#define WORD_MAX 32

enum
{
	FIND_PERMISSION,
	FIND_TYPE,
	ADD_TYPE,
	ADD_ACTION
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_PERMISSION] = {
		.sql = "SELECT 1 FROM users.permission WHERE object_type" EQ "$1 AND action" EQ "$2",
		.types = { TEXTOID, TEXTOID } },
	[FIND_TYPE] = {
		.sql = "SELECT 1 FROM users.object_type WHERE object_type" EQ "$1",
		.types = { TEXTOID } },
	[ADD_TYPE] = {
		.sql = "INSERT INTO users.object_type (object_type) VALUES ($1) ON CONFLICT DO NOTHING",
		.types = { TEXTOID } },
	[ADD_ACTION] = {
		.sql = "INSERT INTO users.permission (object_type, action) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		.types = { TEXTOID, TEXTOID } },
};
/* clang-format on */

bool
users_is_permission_word(const char *word, size_t len)
{
	if (len == 0 || len > WORD_MAX || word[0] < 'a' || word[0] > 'z')
		return false;
	for (size_t i = 1; i < len; i++)
		if (!(word[i] >= 'a' && word[i] <= 'z') &&
			!(word[i] >= '0' && word[i] <= '9') && word[i] != '_')
			return false;
	return true;
}

bool
users_permission_parse(UsersPermission *permission, const char *word,
					   size_t len)
{
	const char *colon = memchr(word, ':', len);
	size_t type_len;
	size_t action_len;

	if (colon == NULL)
		return false;
	type_len = (size_t) (colon - word);
	action_len = len - type_len - 1;
	permission->word = word;
	permission->len = len;
	permission->type_len = type_len;
	permission->all = action_len == 1 && colon[1] == '*';
	return users_is_permission_word(word, type_len) &&
		   (permission->all || users_is_permission_word(colon + 1, action_len));
}

bool
users_permission_exists(const UsersPermission *permission)
{
	Datum values[2];
	size_t action = permission->type_len + 1;

	values[0] = PointerGetDatum(
		cstring_to_text_with_len(permission->word, (int) permission->type_len));
	if (permission->all)
		return users_read(&queries[FIND_TYPE], values, NULL) > 0;
	values[1] = PointerGetDatum(cstring_to_text_with_len(
		permission->word + action, (int) (permission->len - action)));
	return users_read(&queries[FIND_PERMISSION], values, NULL) > 0;
}

bool
users_object_type_exists(const char *object_type)
{
	Datum value = CStringGetTextDatum(object_type);

	return users_read(&queries[FIND_TYPE], &value, NULL) > 0;
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* An element as a word that exists; anything else is US009. */
static char *
known_word(Datum element, bool isnull)
{
	UsersPermission permission;
	char *word;

	if (isnull)
		users_raise_detail(USERS_E_PERMISSION, "permissions",
						   "One of them is NULL.");
	word = TextDatumGetCString(element);
	if (!users_permission_parse(&permission, word, strlen(word)))
		users_raise_detail(USERS_E_PERMISSION, "permissions",
						   "It is not object_type:action by its shape.");
	return word;
}

Datum
users_permissions_argument(FunctionCallInfo fcinfo, int n)
{
	Datum *elements;
	bool *nulls;
	char **words;
	int count;
	int kept = 0;

	if (PG_ARGISNULL(n))
		users_raise(USERS_E_PERMISSION, "permissions");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &count);
	words = palloc(sizeof(char *) * (Size) Max(count, 1));
	for (int i = 0; i < count; i++)
		words[i] = known_word(elements[i], nulls[i]);
	qsort(words, (size_t) count, sizeof(char *), compare_words);
	for (int i = 0; i < count; i++)
	{
		UsersPermission permission;

		if (kept > 0 && strcmp(words[i], words[kept - 1]) == 0)
			continue;
		if (!users_permission_parse(&permission, words[i], strlen(words[i])) ||
			!users_permission_exists(&permission))
			users_raise_detail(USERS_E_PERMISSION, "permissions",
							   "There is no permission %s.", words[i]);
		words[kept++] = words[i];
	}
	for (int i = 0; i < kept; i++)
		elements[i] = CStringGetTextDatum(words[i]);
	return PointerGetDatum(
		construct_array(elements, kept, TEXTOID, -1, false, TYPALIGN_INT));
}

void
users_add_object_type(const char *object_type)
{
	Datum value = CStringGetTextDatum(object_type);

	(void) users_write(&queries[ADD_TYPE], &value, NULL);
}

void
users_add_action(const char *object_type, const char *action)
{
	Datum values[] = { CStringGetTextDatum(object_type),
					   CStringGetTextDatum(action) };

	(void) users_write(&queries[ADD_ACTION], values, NULL);
}

void
users_init_permission(void)
{
	users_register_queries(queries, lengthof(queries));
}
