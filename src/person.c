#include "pg.h"

#include "lookup.h"
#include "person.h"
#include "query.h"

enum
{
	READ_PERSON,
	WRITE_PERSON,
	WRITE_ACCOUNT,
	NOTE_PICTURE,
	TOUCH_ACCOUNT
};

/* clang-format off */
static UsersQuery queries[] = {
	[READ_PERSON] = {
		.sql = "SELECT p.username, p.first_name, p.last_name, a.language, a.theme, a.tags, a.metadata"
			   "  FROM users.account a JOIN users.person p ON p.user_id" EQ "a.user_id"
			   " WHERE a.user_id" EQ "$1 AND a.status" EQ "'enabled'",
		.types = { UUIDOID } },
	[WRITE_PERSON] = {
		.sql = "UPDATE users.person SET username = $2, first_name = $3, last_name = $4 WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TEXTOID, TEXTOID } },
	[WRITE_ACCOUNT] = {
		.sql = "UPDATE users.account"
			   "   SET language = $2, theme = $3, tags = $4, metadata = $5, updated_at = $6"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TEXTOID, TEXTARRAYOID, JSONBOID, TIMESTAMPTZOID } },
	[NOTE_PICTURE] = {
		.sql = "UPDATE users.person SET picture_type = $2, picture_updated_at = $3 WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID } },
	[TOUCH_ACCOUNT] = {
		.sql = "UPDATE users.account SET updated_at = $2 WHERE user_id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
};
/* clang-format on */

/* Without SQL: this runs for every request, and users.person has indexes that
 * hold user_id in the second place: while it is thought to be empty the planner
 * takes one of them for as good as the primary key. */
static UsersLookup usernames = {
	.table = "person",
	.columns = { "user_id", "username" },
	.key_columns = 1,
	.equal = { F_UUID_EQ },
};

bool
users_read_person(UsersPerson *person, const pg_uuid_t *user_id)
{
	Datum value = UUIDPGetDatum(user_id);
	Datum values[7];
	bool nulls[7];

	if (users_read(&queries[READ_PERSON], &value, NULL) == 0)
		return false;
	users_copy_row(0, values, nulls, lengthof(values), CurrentMemoryContext);
	person->user_id = *user_id;
	person->username = TextDatumGetCString(values[0]);
	person->first_name = TextDatumGetCString(values[1]);
	person->last_name = TextDatumGetCString(values[2]);
	person->language = nulls[3] ? NULL : TextDatumGetCString(values[3]);
	person->theme = nulls[4] ? NULL : TextDatumGetCString(values[4]);
	/* Plain, so that they can be compared byte by byte. */
	person->tags = PointerGetDatum(PG_DETOAST_DATUM(values[5]));
	person->metadata = PointerGetDatum(PG_DETOAST_DATUM(values[6]));
	return true;
}

char *
users_present_username(const pg_uuid_t *user_id)
{
	Datum key = UUIDPGetDatum(user_id);
	Snapshot snapshot = users_latest_snapshot();
	UsersFound found;
	bool there = users_lookup(&found, &usernames, &key, snapshot);

	UnregisterSnapshot(snapshot);
	return there ? TextDatumGetCString(found.values[1]) : NULL;
}

static Datum
nullable_text(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

void
users_write_person(const UsersPerson *person)
{
	Datum shown[] = { UUIDPGetDatum(&person->user_id),
					  CStringGetTextDatum(person->username),
					  CStringGetTextDatum(person->first_name),
					  CStringGetTextDatum(person->last_name) };
	Datum own[6];
	char nulls[] = "      ";

	(void) users_write(&queries[WRITE_PERSON], shown, NULL);
	own[0] = shown[0];
	own[1] = nullable_text(person->language, &nulls[1]);
	own[2] = nullable_text(person->theme, &nulls[2]);
	own[3] = person->tags;
	own[4] = person->metadata;
	own[5] = TimestampTzGetDatum(GetCurrentTimestamp());
	(void) users_write(&queries[WRITE_ACCOUNT], own, nulls);
}

void
users_note_picture(const pg_uuid_t *user_id, const char *type)
{
	Datum now = TimestampTzGetDatum(GetCurrentTimestamp());
	Datum shown[] = { UUIDPGetDatum(user_id), 0, now };
	Datum own[] = { UUIDPGetDatum(user_id), now };
	char nulls[] = "   ";

	shown[1] = nullable_text(type, &nulls[1]);
	nulls[2] = nulls[1];
	(void) users_write(&queries[NOTE_PICTURE], shown, nulls);
	(void) users_write(&queries[TOUCH_ACCOUNT], own, NULL);
}

void
users_init_person(void)
{
	users_register_queries(queries, lengthof(queries));
	users_register_lookup(&usernames);
}
