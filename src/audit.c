#include "pg.h"

#include <sodium.h>

#include "audit.h"
#include "errors.h"
#include "identity.h"
#include "ids.h"
#include "query.h"

enum
{
	INSERT_EVENT,
	INSERT_POSITION
};

/* clang-format off */
static UsersQuery queries[] = {
	[INSERT_EVENT] = {
		.sql = "INSERT INTO users.audit_event"
			   " (user_id, id, occurred_at, event, outcome, actor_id, session_id,"
			   "  client_address, user_agent, nobody, detail)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, UUIDOID, UUIDOID, INETOID,
				   TEXTOID, BOOLOID, JSONBOID } },
	[INSERT_POSITION] = {
		.sql = "INSERT INTO users.event_position (user_id, event_id, xid)"
			   " VALUES ($1, $2, $3)",
		.types = { UUIDOID, UUIDOID, XID8OID } },
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
	Datum values[11];
	char nulls[] = "           ";
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
	(void) users_write(&queries[INSERT_EVENT], values, nulls);
	if (event->failure)
		return;
	values[2] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	(void) users_write(&queries[INSERT_POSITION], values, NULL);
}

void
users_audit_caller(const char *event, const pg_uuid_t *user_id,
				   const char *name, const char *value)
{
	const UsersIdentity *identity = users_identity();
	UsersClient client;
	UsersEvent row = { .event = event,
					   .nobody = user_id == NULL,
					   .actor_id = identity == NULL ? NULL : &identity->user_id,
					   .session_id =
						   identity == NULL ? NULL : &identity->session_id,
					   .detail_name = name,
					   .detail_value = value };

	if (user_id != NULL)
		row.user_id = *user_id;
	users_client(&client);
	users_audit(&row, &client);
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

void
users_init_audit(void)
{
	users_register_queries(queries, lengthof(queries));
}
