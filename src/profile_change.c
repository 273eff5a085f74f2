#include "pg.h"

#include "account.h"
#include "caller.h"
#include "choice.h"
#include "core/grammar.h"
#include "errors.h"
#include "field.h"
#include "identifier.h"
#include "identity.h"
#include "merge.h"
#include "outcome.h"
#include "person.h"

PG_FUNCTION_INFO_V1(users_update_profile);
PG_FUNCTION_INFO_V1(users_set_preferences);

/* What the signed-in person wants to be; what is NULL or 0 stays as it is. */
typedef struct ProfileChange
{
	pg_uuid_t user_id;
	char *first_name;
	char *last_name;
	char *username;
	Datum tags;
	Datum patch; /* of metadata */
	char *language;
	char *theme;
	/* What became of it. */
	bool renamed;
	StringInfoData changed; /* columns, separated by commas */
} ProfileChange;

/* Notes that a column is another one now. */
static void
note(ProfileChange *change, const char *column)
{
	appendStringInfo(&change->changed, "%s%s",
					 change->changed.len > 0 ? ", " : "", column);
}

static void
change_text(ProfileChange *change, char **present, char *wanted,
			const char *column)
{
	if (wanted == NULL || (*present != NULL && strcmp(*present, wanted) == 0))
		return;
	*present = wanted;
	note(change, column);
}

/* Likewise of arrays and jsonb, which are the same when their bytes are. */
static void
change_datum(ProfileChange *change, Datum *present, Datum wanted,
			 const char *column)
{
	if (wanted == (Datum) 0 || datumIsEqual(*present, wanted, false, -1))
		return;
	*present = wanted;
	note(change, column);
}

/* The new name is taken before the old one is given back, so that nobody gets
 * the old one when the new one is somebody's. */
static void
change_username(ProfileChange *change, UsersPerson *person)
{
	char *old = person->username;

	if (change->username == NULL || strcmp(old, change->username) == 0)
		return;
	if (!users_take_identifier(&person->user_id, "username", change->username))
		users_raise(USERS_E_USERNAME_TAKEN, "username");
	if (pg_strcasecmp(old, change->username) != 0)
		users_free_identifier(&person->user_id, "username", old);
	person->username = change->username;
	change->renamed = true;
}

static Datum
merged_metadata(Datum present, Datum patch)
{
	if (patch == (Datum) 0)
		return patch;
	return users_checked_metadata(
		users_merge_patch(DatumGetJsonbP(present), DatumGetJsonbP(patch)),
		"metadata");
}

/* For users_with_patience. */
static void
change_person(void *argument)
{
	ProfileChange *change = argument;
	UsersPerson person;

	users_lock_turn(&change->user_id);
	if (!users_read_person(&person, &change->user_id))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	change_username(change, &person);
	change_text(change, &person.first_name, change->first_name, "first_name");
	change_text(change, &person.last_name, change->last_name, "last_name");
	change_datum(change, &person.tags, change->tags, "tags");
	change_datum(change, &person.metadata,
				 merged_metadata(person.metadata, change->patch), "metadata");
	change_text(change, &person.language, change->language, "language");
	change_text(change, &person.theme, change->theme, "theme");
	if (change->renamed || change->changed.len > 0)
		users_write_person(&person);
}

/* Carries the change out, and what the profile is then. */
static Datum
carry_out(UsersCall *call, FunctionCallInfo fcinfo, ProfileChange *change)
{
	Datum values[USERS_PERSON_COLUMNS];
	bool nulls[USERS_PERSON_COLUMNS];

	initStringInfo(&change->changed);
	if (!users_with_patience(change_person, change))
		users_raise_busy();
	if (change->renamed)
		users_audit_caller("username_changed", &change->user_id, NULL, NULL);
	if (change->changed.len > 0)
		users_audit_caller("profile_updated", &change->user_id, "changed",
						   change->changed.data);
	if (!users_profile_row(&change->user_id, values, nulls, call->context))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	users_leave_owner(call);
	return users_row(fcinfo, values, nulls, USERS_PERSON_COLUMNS);
}

/* users_update_profile(first_name text, last_name text, username text, tags
 * text[], metadata jsonb) users_person */
Datum
users_update_profile(PG_FUNCTION_ARGS)
{
	UsersCall call;
	ProfileChange change = { .renamed = false };

	users_begin(&call, "users_update_profile", USERS_WRITES);
	change.user_id = users_require_identity()->user_id;
	if (!PG_ARGISNULL(0))
		change.first_name = users_name_argument(fcinfo, 0, "first_name");
	if (!PG_ARGISNULL(1))
		change.last_name = users_name_argument(fcinfo, 1, "last_name");
	if (!PG_ARGISNULL(2))
	{
		change.username = users_trimmed_argument(fcinfo, 2);
		if (users_username_check(change.username, strlen(change.username)) !=
			USERS_OK)
			users_raise(USERS_E_USERNAME, "username");
	}
	if (!PG_ARGISNULL(3))
		change.tags = users_tags_argument(fcinfo, 3);
	if (!PG_ARGISNULL(4))
		change.patch = users_metadata_argument(fcinfo, 4);
	users_enter_owner(&call);
	return carry_out(&call, fcinfo, &change);
}

/* users_set_preferences(language text, theme text) users_person */
Datum
users_set_preferences(PG_FUNCTION_ARGS)
{
	UsersCall call;
	ProfileChange change = { .renamed = false };

	users_begin(&call, "users_set_preferences", USERS_WRITES);
	change.user_id = users_require_identity()->user_id;
	users_enter_owner(&call);
	change.language = users_language_argument(fcinfo, 0);
	change.theme = users_theme_argument(fcinfo, 1);
	return carry_out(&call, fcinfo, &change);
}
