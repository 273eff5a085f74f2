#include "pg.h"

#include <sodium.h>

#include "audit.h"
#include "errors.h"
#include "identity.h"
#include "ids.h"
#include "notify.h"
#include "query.h"

enum
{
	INSERT_EVENT,
	INSERT_POSITION,
	TIME_OF_EVENT,
	PURGE_EVENTS,
	COUNT_FAILURES
};

/* How long attempts on nobody's identifier are kept. */
#define NOBODY_KEPT (7 * SECS_PER_DAY)

/* clang-format off */
static UsersQuery queries[] = {
	[INSERT_EVENT] = {
		.sql = "INSERT INTO users.audit_event"
			   " (user_id, id, occurred_at, event, outcome, actor_id, session_id,"
			   "  client_address, user_agent, nobody, detail, domain_id, object_type, object_id)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, UUIDOID, UUIDOID, INETOID,
				   TEXTOID, BOOLOID, JSONBOID, UUIDOID, TEXTOID, UUIDOID } },
	[INSERT_POSITION] = {
		.sql = "INSERT INTO users.event_position (user_id, event_id, xid)"
			   " VALUES ($1, $2, $3)",
		.types = { UUIDOID, UUIDOID, XID8OID } },
	[TIME_OF_EVENT] = {
		.sql = "SELECT occurred_at FROM users.audit_event"
			   " WHERE user_id" EQ "$1 AND id" GT "$2 AND event" EQ "$3 AND outcome" EQ "'success'"
			   " ORDER BY id DESC OFFSET $4 LIMIT 1",
		.types = { UUIDOID, UUIDOID, TEXTOID, INT8OID } },
	[PURGE_EVENTS] = {
		.sql = "DELETE FROM users.audit_event WHERE nobody" EQ "$1 AND id" EQ "ANY (ARRAY("
			   " SELECT id FROM users.audit_event WHERE nobody" EQ "$1 AND id" LT "$2"
			   "  ORDER BY nobody, id LIMIT $3 FOR UPDATE SKIP LOCKED))",
		.types = { BOOLOID, UUIDOID, INT8OID } },
	[COUNT_FAILURES] = {
		.sql = "SELECT pg_catalog.count(*), pg_catalog.max(f.occurred_at) FROM users.audit_event f"
			   " WHERE f.user_id" EQ "$1 AND f.id" GT "$2 AND f.event" EQ "'login_failed'"
			   "   AND f.id" GT "ALL (ARRAY(SELECT s.id FROM users.audit_event s"
			   "                             WHERE s.user_id" EQ "$1 AND s.id" GT "$2 AND s.event" EQ "'login'"
			   "                             ORDER BY s.id DESC LIMIT 1))",
		.types = { UUIDOID, UUIDOID } },
};
/* clang-format on */

/* {} or {name: value} as jsonb. */
static Datum
build_detail(const char *name, const char *value)
{
	JsonbParseState *state = NULL;
	JsonbValue *object;
	JsonbValue item;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (name != NULL)
	{
		item.type = jbvString;
		item.val.string.val = unconstify(char *, name);
		item.val.string.len = (int) strlen(name);
		(void) pushJsonbValue(&state, WJB_KEY, &item);
		item.val.string.val = unconstify(char *, value);
		item.val.string.len = (int) strlen(value);
		(void) pushJsonbValue(&state, WJB_VALUE, &item);
	}
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbPGetDatum(JsonbValueToJsonb(object));
}

static Datum
nullable_uuid(const pg_uuid_t *uuid, char *null)
{
	*null = uuid == NULL ? 'n' : ' ';
	return uuid == NULL ? (Datum) 0 : UUIDPGetDatum(uuid);
}

void
users_audit(const UsersEvent *event, const UsersClient *client)
{
	pg_uuid_t id;
	Datum values[14];
	char nulls[] = "              ";
	bool isnull;

	users_new_id(&id);
	values[0] = UUIDPGetDatum(&event->user_id);
	values[1] = UUIDPGetDatum(&id);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[3] = CStringGetTextDatum(event->event);
	values[4] = CStringGetTextDatum(event->failure ? "failure" : "success");
	values[5] = nullable_uuid(event->actor_id, &nulls[5]);
	values[6] = nullable_uuid(event->session_id, &nulls[6]);
	values[7] = users_client_inet(client, &isnull);
	nulls[7] = isnull ? 'n' : ' ';
	values[8] = CStringGetTextDatum(client->user_agent);
	nulls[8] = client->user_agent[0] == '\0' ? 'n' : ' ';
	values[9] = BoolGetDatum(event->nobody);
	values[10] = build_detail(event->detail_name, event->detail_value);
	values[11] = nullable_uuid(event->domain_id, &nulls[11]);
	nulls[12] = event->object_type == NULL ? 'n' : ' ';
	values[12] = event->object_type == NULL
					 ? (Datum) 0
					 : CStringGetTextDatum(event->object_type);
	values[13] = nullable_uuid(event->object_id, &nulls[13]);
	(void) users_write(&queries[INSERT_EVENT], values, nulls);
	if (event->failure)
		return;
	values[2] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	(void) users_write(&queries[INSERT_POSITION], values, NULL);
	if (!event->by_relay)
		users_notify_events();
}

/* Completes an event with who did it, from where, and writes it. */
static void
audit_by_caller(UsersEvent *event, const pg_uuid_t *user_id)
{
	const UsersIdentity *identity = users_identity();
	UsersClient client;

	event->nobody = user_id == NULL;
	if (user_id != NULL)
		event->user_id = *user_id;
	if (identity != NULL)
	{
		event->actor_id = &identity->user_id;
		event->session_id = &identity->session_id;
	}
	users_client(&client);
	users_audit(event, &client);
}

void
users_audit_caller(const char *event, const pg_uuid_t *user_id,
				   const char *name, const char *value)
{
	UsersEvent row = { .event = event,
					   .detail_name = name,
					   .detail_value = value };

	audit_by_caller(&row, user_id);
}

void
users_audit_object(const char *event, const pg_uuid_t *domain_id,
				   const pg_uuid_t *person, const char *object_type,
				   const pg_uuid_t *object_id, const char *name,
				   const char *value)
{
	const UsersIdentity *identity = users_identity();
	UsersEvent row = { .event = event,
					   .domain_id = domain_id,
					   .object_type = object_id == NULL ? NULL : object_type,
					   .object_id = object_id,
					   .detail_name = name,
					   .detail_value = value };

	if (person == NULL && identity != NULL)
		person = &identity->user_id;
	audit_by_caller(&row, person);
}

void
users_audit_domain(const char *event, const pg_uuid_t *domain_id,
				   const pg_uuid_t *person, const char *name, const char *value)
{
	users_audit_object(event, domain_id, person, NULL, NULL, name, value);
}

TimestampTz
users_time_of_event(const pg_uuid_t *user_id, const char *event, int n,
					TimestampTz after)
{
	pg_uuid_t id;
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(&id),
					   CStringGetTextDatum(event), Int64GetDatum(n - 1) };

	users_id_of_time(&id, after);
	if (users_read(&queries[TIME_OF_EVENT], values, NULL) == 0)
		return 0;
	return users_column_int64(0, 1, 0);
}

void
users_log_failure(const char *what, const uint8 subject[USERS_SUBJECT_BYTES],
				  const UsersClient *client)
{
	char hex[2 * USERS_SUBJECT_BYTES + 1];
	bool isnull;
	Datum address = users_client_inet(client, &isnull);

	(void) sodium_bin2hex(hex, sizeof(hex), subject, USERS_SUBJECT_BYTES);
	ereport(LOG_SERVER_ONLY,
			(errmsg("users: %s: identifier %s, client address %s", what, hex,
					isnull ? "unknown"
						   : DatumGetCString(
								 DirectFunctionCall1(inet_out, address))),
			 users_errhide()));
}

static int64
purge_events(bool nobody, TimestampTz before, int64 max)
{
	pg_uuid_t id;
	Datum values[] = { BoolGetDatum(nobody), UUIDPGetDatum(&id),
					   Int64GetDatum(max) };

	users_id_of_time(&id, before);
	return (int64) users_write(&queries[PURGE_EVENTS], values, NULL);
}

int64
users_purge_audit(TimestampTz before, int max)
{
	TimestampTz week = users_after(GetCurrentTimestamp(), -NOBODY_KEPT);
	int64 count = purge_events(false, before, max);

	return count + purge_events(true, Max(before, week), max - count);
}

int64
users_count_failures(const pg_uuid_t *user_id, TimestampTz after,
					 TimestampTz *last)
{
	pg_uuid_t id;
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(&id) };

	users_id_of_time(&id, after);
	(void) users_read(&queries[COUNT_FAILURES], values, NULL);
	*last = users_column_int64(0, 2, 0);
	return users_column_int64(0, 1, 0);
}

void
users_init_audit(void)
{
	users_register_queries(queries, lengthof(queries));
}
