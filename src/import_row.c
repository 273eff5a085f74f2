#include "pg.h"

#include "choice.h"
#include "core/grammar.h"
#include "errors.h"
#include "field.h"
#include "foreign_hash.h"
#include "ids.h"
#include "import_row.h"
#include "outcome.h"
#include "request.h"

const UsersImportColumn users_import_columns[USERS_IMPORT_COLUMNS] = {
	[USERS_IMPORT_EMAIL] = { "email", TEXTOID, NULL },
	[USERS_IMPORT_USERNAME] = { "username", TEXTOID, NULL },
	[USERS_IMPORT_PASSWORD_HASH] = { "password_hash", TEXTOID, NULL },
	[USERS_IMPORT_FIRST_NAME] = { "first_name", TEXTOID, NULL },
	[USERS_IMPORT_LAST_NAME] = { "last_name", TEXTOID, NULL },
	[USERS_IMPORT_ID] = { "id", UUIDOID, NULL },
	[USERS_IMPORT_STATUS] = { "status", TEXTOID, "enabled" },
	[USERS_IMPORT_PLATFORM_ROLE] = { "platform_role", TEXTOID, "user" },
	[USERS_IMPORT_EMAIL_VERIFIED_AT] = { "email_verified_at", TIMESTAMPTZOID,
										 NULL },
	[USERS_IMPORT_LANGUAGE] = { "language", TEXTOID, NULL },
	[USERS_IMPORT_THEME] = { "theme", TEXTOID, NULL },
	[USERS_IMPORT_TAGS] = { "tags", TEXTARRAYOID, NULL },
	[USERS_IMPORT_METADATA] = { "metadata", JSONBOID, NULL },
	[USERS_IMPORT_ADMIN_METADATA] = { "admin_metadata", JSONBOID, NULL },
	[USERS_IMPORT_CREATED_AT] = { "created_at", TIMESTAMPTZOID, NULL },
	[USERS_IMPORT_UPDATED_AT] = { "updated_at", TIMESTAMPTZOID, NULL },
};

void
users_read_choices(UsersChoices *choices)
{
	choices->languages = users_language_names(CurrentMemoryContext);
	choices->themes = users_theme_names(CurrentMemoryContext);
}

/* Argument n, NULL or one of the words of a text[]. */
static char *
read_choice(FunctionCallInfo fcinfo, int n, Datum words, UsersError error)
{
	const char *argument = users_import_columns[n].name;
	ArrayType *array = DatumGetArrayTypeP(words);
	ArrayIterator iterator;
	char *choice = users_text_argument(fcinfo, n);
	bool found = choice == NULL;
	Datum word;
	bool isnull;

	if (found)
		return NULL;
	iterator = array_create_iterator(array, 0, NULL);
	while (!found && array_iterate(iterator, &word, &isnull))
	{
		text *name = DatumGetTextPP(word);

		found = VARSIZE_ANY_EXHDR(name) == strlen(choice) &&
				memcmp(VARDATA_ANY(name), choice, strlen(choice)) == 0;
	}
	array_free_iterator(iterator);
	if (!found)
		users_raise(error, argument);
	return choice;
}

/* A name, or nothing where the other platform knew none. */
static char *
read_name(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n)
			   ? pstrdup("")
			   : users_name_argument(fcinfo, n, users_import_columns[n].name);
}

static char *
read_hash(FunctionCallInfo fcinfo)
{
	static const char *const why[] = { [USERS_MALFORMED] = "malformed",
									   [USERS_UNSUPPORTED] = "unsupported",
									   [USERS_OVERPRICED] = "too_costly" };
	char *hash = users_text_argument(fcinfo, USERS_IMPORT_PASSWORD_HASH);
	UsersStatus status = hash == NULL ? USERS_OK : users_check_hash(hash);

	if (status != USERS_OK)
		users_raise_detail(USERS_E_HASH, "password_hash", "reason: %s",
						   why[status]);
	return hash;
}

static UsersAccountStatus
read_status(FunctionCallInfo fcinfo)
{
	static const char *const words[] = { [USERS_ENABLED] = "enabled",
										 [USERS_DISABLED] = "disabled",
										 [USERS_DELETED] = "deleted" };
	char *status = users_text_argument(fcinfo, USERS_IMPORT_STATUS);

	for (int i = 0; status != NULL && i < (int) lengthof(words); i++)
		if (strcmp(status, words[i]) == 0)
			return (UsersAccountStatus) i;
	users_raise_detail(USERS_E_WORD, "status",
					   "It is enabled, disabled or deleted.");
}

static bool
read_platform_role(FunctionCallInfo fcinfo)
{
	char *word = users_text_argument(fcinfo, USERS_IMPORT_PLATFORM_ROLE);

	if (word != NULL && strcmp(word, "admin") == 0)
		return true;
	if (word == NULL || strcmp(word, "user") != 0)
		users_raise_detail(USERS_E_WORD, "platform_role",
						   "It is user or admin.");
	return false;
}

const pg_uuid_t *
users_import_id(FunctionCallInfo fcinfo, int n, const char *argument)
{
	static const pg_uuid_t nil;
	const pg_uuid_t *id = PG_ARGISNULL(n) ? NULL : PG_GETARG_UUID_P(n);

	if (id != NULL && memcmp(id, &nil, sizeof(nil)) == 0)
		users_raise_detail(USERS_E_WORD, argument,
						   "The nil UUID stands for none.");
	return id;
}

TimestampTz
users_import_time(FunctionCallInfo fcinfo, int n, const char *argument,
				  TimestampTz missing)
{
	TimestampTz time = PG_ARGISNULL(n) ? missing : PG_GETARG_TIMESTAMPTZ(n);

	if (TIMESTAMP_NOT_FINITE(time))
		users_raise_detail(USERS_E_RANGE, argument, "It is a finite time.");
	return time;
}

/* When it was made and changed: what is not known follows from the other. */
static void
read_times(UsersImport *import, FunctionCallInfo fcinfo)
{
	TimestampTz updated_at = users_import_time(
		fcinfo, USERS_IMPORT_UPDATED_AT, "updated_at", GetCurrentTimestamp());

	import->created_at = users_import_time(fcinfo, USERS_IMPORT_CREATED_AT,
										   "created_at", updated_at);
	import->updated_at =
		PG_ARGISNULL(USERS_IMPORT_UPDATED_AT) ? import->created_at : updated_at;
	import->verified = !PG_ARGISNULL(USERS_IMPORT_EMAIL_VERIFIED_AT);
	import->verified_at = users_import_time(
		fcinfo, USERS_IMPORT_EMAIL_VERIFIED_AT, "email_verified_at", 0);
}

void
users_read_import(UsersImport *import, FunctionCallInfo fcinfo,
				  const UsersChoices *choices)
{
	const pg_uuid_t *id = users_import_id(fcinfo, USERS_IMPORT_ID, "id");

	memset(import, 0, sizeof(*import));
	import->email = users_email_argument(fcinfo, USERS_IMPORT_EMAIL, "email");
	import->username = users_trimmed_argument(fcinfo, USERS_IMPORT_USERNAME);
	if (users_username_check(import->username, strlen(import->username)) !=
		USERS_OK)
		users_raise(USERS_E_USERNAME, "username");
	import->password_hash = read_hash(fcinfo);
	import->first_name = read_name(fcinfo, USERS_IMPORT_FIRST_NAME);
	import->last_name = read_name(fcinfo, USERS_IMPORT_LAST_NAME);
	import->status = read_status(fcinfo);
	import->is_admin = read_platform_role(fcinfo);
	import->language = read_choice(fcinfo, USERS_IMPORT_LANGUAGE,
								   choices->languages, USERS_E_LANGUAGE);
	import->theme =
		read_choice(fcinfo, USERS_IMPORT_THEME, choices->themes, USERS_E_THEME);
	import->tags = users_tags_argument(fcinfo, USERS_IMPORT_TAGS);
	import->metadata = users_metadata_argument(fcinfo, USERS_IMPORT_METADATA);
	import->admin_metadata = users_object_argument(
		fcinfo, USERS_IMPORT_ADMIN_METADATA, "admin_metadata");
	read_times(import, fcinfo);
	import->has_id = id != NULL;
	if (id != NULL)
		import->user_id = *id;
	else
		users_new_id(&import->user_id);
}
