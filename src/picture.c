#include "pg.h"

#include <sodium.h>

#include "account.h"
#include "caller.h"
#include "circle.h"
#include "core/picture.h"
#include "errors.h"
#include "http.h"
#include "identity.h"
#include "outcome.h"
#include "person.h"
#include "picture.h"
#include "query.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(users_set_picture);
PG_FUNCTION_INFO_V1(users_remove_picture);
PG_FUNCTION_INFO_V1(users_picture);

/* The one argument without a name has this one in errors. */
#define ARGUMENT "picture"

enum
{
	PUT_PICTURE,
	DELETE_PICTURE,
	READ_PICTURE
};

/* clang-format off */
static UsersQuery queries[] = {
	[PUT_PICTURE] = {
		.sql = "INSERT INTO users.picture (user_id, data) VALUES ($1, $2)"
			   " ON CONFLICT (user_id) DO UPDATE SET data = EXCLUDED.data",
		.types = { UUIDOID, BYTEAOID } },
	[DELETE_PICTURE] = {
		.sql = "DELETE FROM users.picture WHERE user_id" EQ "$1",
		.types = { UUIDOID } },
	/* Of who is deleted for administrators ($2) only. */
	[READ_PICTURE] = {
		.sql = "SELECT t.data, p.picture_type"
			   "  FROM users.picture t JOIN users.person p ON p.user_id" EQ "t.user_id"
			   " WHERE t.user_id" EQ "$1 AND (p.listed OR $2)",
		.types = { UUIDOID, BOOLOID } },
};
/* clang-format on */

/* ---- changing one's own ---- */

typedef struct PictureChange
{
	pg_uuid_t user_id;
	Datum data; /* bytea; unless removing */
	const char *type;
	bool changed;
} PictureChange;

static void
lock_owner(const PictureChange *change)
{
	UsersPerson person;

	users_lock_turn(&change->user_id);
	if (!users_read_person(&person, &change->user_id))
		users_raise(USERS_E_NO_IDENTITY, NULL);
}

/* For users_with_patience, as the next one. */
static void
put_picture(void *argument)
{
	PictureChange *change = argument;
	Datum values[] = { UUIDPGetDatum(&change->user_id), change->data };

	lock_owner(change);
	(void) users_write(&queries[PUT_PICTURE], values, NULL);
	users_note_picture(&change->user_id, change->type);
	change->changed = true;
}

static void
remove_picture(void *argument)
{
	PictureChange *change = argument;
	Datum value = UUIDPGetDatum(&change->user_id);

	lock_owner(change);
	change->changed = users_write(&queries[DELETE_PICTURE], &value, NULL) > 0;
	if (change->changed)
		users_note_picture(&change->user_id, NULL);
}

static void
carry_out(PictureChange *change, void (*work)(void *))
{
	if (!users_with_patience(work, change))
		users_raise_busy();
	if (change->changed)
		users_audit_caller("picture_changed", &change->user_id, "picture",
						   change->type == NULL ? "removed" : change->type);
}

/* The argument, found to be a picture, into change. */
static void
take_picture(PictureChange *change, FunctionCallInfo fcinfo)
{
	Size most = (Size) users_settings.picture_max_size * 1024;
	UsersPictureType type;
	bytea *data;

	/* How large it is says its header: nothing too large is unpacked. */
	if (PG_ARGISNULL(0))
		users_raise(USERS_E_PICTURE, ARGUMENT);
	if (toast_raw_datum_size(PG_GETARG_DATUM(0)) - VARHDRSZ > most)
		users_raise_detail(USERS_E_PICTURE, ARGUMENT,
						   "It has at most %zu bytes.", most);
	data = PG_GETARG_BYTEA_PP(0);
	if (users_picture_check(&type, (const uint8 *) VARDATA_ANY(data),
							VARSIZE_ANY_EXHDR(data)) != USERS_OK)
		users_raise(USERS_E_PICTURE, ARGUMENT);
	change->data = PointerGetDatum(data);
	change->type = users_picture_media_type(type);
}

/* users_set_picture(bytea) users_person */
Datum
users_set_picture(PG_FUNCTION_ARGS)
{
	UsersCall call;
	PictureChange change = { .changed = false };
	Datum values[USERS_PERSON_COLUMNS];
	bool nulls[USERS_PERSON_COLUMNS];

	users_begin(&call, "users_set_picture", USERS_WRITES);
	change.user_id = users_require_identity()->user_id;
	take_picture(&change, fcinfo);
	users_enter_owner(&call);
	carry_out(&change, put_picture);
	if (!users_profile_row(&change.user_id, values, nulls, call.context))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	users_leave_owner(&call);
	return users_row(fcinfo, values, nulls, USERS_PERSON_COLUMNS);
}

/* users_remove_picture() boolean */
Datum
users_remove_picture(PG_FUNCTION_ARGS)
{
	UsersCall call;
	PictureChange change = { .changed = false };

	users_begin(&call, "users_remove_picture", USERS_WRITES);
	change.user_id = users_require_identity()->user_id;
	users_enter_owner(&call);
	carry_out(&change, remove_picture);
	users_leave_owner(&call);
	PG_RETURN_BOOL(change.changed);
}

/* ---- showing ---- */

/* The domains by which the caller may see the picture; NULL: there is another
 * reason. */
static ArrayType *
limits_of_sight(const UsersCall *call, const pg_uuid_t *user_id)
{
	const UsersIdentity *identity = users_identity();

	if (users_settings.public_pictures || users_is_administrator(call))
		return NULL;
	if (identity == NULL)
		return construct_empty_array(UUIDOID);
	if (memcmp(&identity->user_id, user_id, sizeof(pg_uuid_t)) == 0)
		return NULL;
	return users_circle_domains(&identity->user_id);
}

/* The picture and its media type, in context; 0: none that the caller sees. */
static Datum
show_picture(UsersCall *call, const pg_uuid_t *user_id, char **type)
{
	ArrayType *domains = limits_of_sight(call, user_id);
	bool everyone = users_is_administrator(call);
	Datum values[] = { UUIDPGetDatum(user_id), BoolGetDatum(everyone) };
	Datum shown = 0;

	users_enter_owner(call);
	if ((domains == NULL || users_in_circle(domains, user_id)) &&
		users_read(&queries[READ_PICTURE], values, NULL) > 0)
	{
		bool isnull;
		Datum data = users_column(0, 1, &isnull);
		MemoryContext old = MemoryContextSwitchTo(call->context);

		shown = PointerGetDatum(PG_DETOAST_DATUM_COPY(data));
		MemoryContextSwitchTo(old);
		*type = users_column_text(0, 2, call->context);
	}
	users_leave_owner(call);
	return shown;
}

#define ETAG_BYTES 16

/* Headers of a picture over HTTP; true when the client has it already, and 304
 * is the answer. Bytes that somebody uploaded are shown as nothing else. */
static bool
answer_picture(const bytea *picture, const char *type)
{
	uint8 hash[ETAG_BYTES];
	char tag[2 * ETAG_BYTES + 3] = "\"";
	const char *had;

	if (!users_http_request())
		return false;
	(void) crypto_generichash(hash, sizeof(hash),
							  (const uint8 *) VARDATA_ANY(picture),
							  VARSIZE_ANY_EXHDR(picture), NULL, 0);
	(void) sodium_bin2hex(tag + 1, sizeof(tag) - 1, hash, sizeof(hash));
	strlcat(tag, "\"", sizeof(tag));
	users_http_add_header("Content-Type", type);
	users_http_add_header("X-Content-Type-Options", "nosniff");
	users_http_add_header("Content-Security-Policy",
						  "default-src 'none'; sandbox");
	users_http_add_header("Cache-Control", "private, no-cache");
	users_http_add_header("ETag", tag);
	had = users_http_header("if-none-match");
	if (had == NULL || (strcmp(had, "*") != 0 && strstr(had, tag) == NULL))
		return false;
	users_http_set_status(304);
	return true;
}

/* users_picture(user_id uuid), a domain over bytea that stands for any media
 * type */
Datum
users_picture(PG_FUNCTION_ARGS)
{
	UsersCall call;
	const UsersIdentity *identity;
	const pg_uuid_t *user_id;
	char *type = NULL;
	Datum shown = 0;

	users_begin(&call, "users_picture", USERS_READS);
	identity = users_identity();
	user_id = !PG_ARGISNULL(0) ? PG_GETARG_UUID_P(0)
							   : (identity == NULL ? NULL : &identity->user_id);
	if (user_id != NULL)
		shown = show_picture(&call, user_id, &type);
	if (shown == 0)
	{
		users_http_set_status(404);
		PG_RETURN_NULL();
	}
	if (answer_picture(DatumGetByteaPP(shown), type))
		shown = users_bytes_datum("", 0);
	PG_RETURN_DATUM(shown);
}

void
users_init_picture(void)
{
	users_register_queries(queries, lengthof(queries));
}
