#include "pg.h"

#include "caller.h"
#include "core/keyring.h"
#include "device.h"
#include "ids.h"
#include "mail.h"
#include "query.h"
#include "root.h"
#include "settings.h"
#include "utils/json.h"

#define DEVICE_BYTES 16

enum
{
	SEE_AGAIN,
	INSERT_DEVICE,
	PURGE
};

/* clang-format off */
static UsersQuery queries[] = {
	[SEE_AGAIN] = {
		.sql = "UPDATE users.known_device SET seen_at = $3"
			   " WHERE user_id" EQ "$1 AND device" EQ "$2 AND seen_at" GT "$4",
		.types = { UUIDOID, BYTEAOID, TIMESTAMPTZOID, TIMESTAMPTZOID } },
	[INSERT_DEVICE] = {
		.sql = "INSERT INTO users.known_device (user_id, device, seen_at) VALUES ($1, $2, $3)"
			   " ON CONFLICT (user_id, device) DO UPDATE SET seen_at = excluded.seen_at",
		.types = { UUIDOID, BYTEAOID, TIMESTAMPTZOID } },
	[PURGE] = {
		.sql = "DELETE FROM users.known_device d USING"
			   " (SELECT user_id, device FROM users.known_device WHERE seen_at" LT "$1 LIMIT $2) old"
			   " WHERE d.user_id" EQ "old.user_id AND d.device" EQ "old.device",
		.types = { TIMESTAMPTZOID, INT8OID } },
};
/* clang-format on */

typedef struct Sighting
{
	const UsersAccount *account;
	uint8 device[DEVICE_BYTES];
	bool is_new;
} Sighting;

static void
see(void *argument)
{
	Sighting *sighting = argument;
	TimestampTz now = GetCurrentTimestamp();
	Datum values[] = { UUIDPGetDatum(&sighting->account->user_id),
					   users_bytes_datum(sighting->device, DEVICE_BYTES),
					   TimestampTzGetDatum(now),
					   TimestampTzGetDatum(
						   users_after(now, -USERS_DEVICE_MEMORY)) };

	sighting->is_new = users_write(&queries[SEE_AGAIN], values, NULL) == 0;
	if (sighting->is_new)
		(void) users_write(&queries[INSERT_DEVICE], values, NULL);
}

static void
mail_notice(const UsersAccount *account, const char *label,
			const UsersClient *client)
{
	UsersMail mail = { .kind = USERS_MAIL_NEW_SIGN_IN, .account = account };
	StringInfoData data;
	bool isnull;
	Datum address = users_client_inet(client, &isnull);

	initStringInfo(&data);
	appendStringInfoString(&data, "{\"device\": ");
	escape_json(&data, label != NULL				   ? label
					   : client->user_agent[0] != '\0' ? client->user_agent
													   : "-");
	appendStringInfoString(&data, ", \"client_address\": ");
	escape_json(
		&data,
		isnull ? "-" : DatumGetCString(DirectFunctionCall1(inet_out, address)));
	appendStringInfoChar(&data, '}');
	mail.data = data.data;
	users_write_mail(&mail);
}

void
users_note_device(const UsersAccount *account, const char *label,
				  const UsersClient *client, bool is_first)
{
	Sighting sighting = { .account = account };
	const char *name = label == NULL ? "" : label;
	const UsersPart parts[] = { { "device", 6 },
								{ &account->user_id, sizeof(pg_uuid_t) },
								{ name, strlen(name) },
								{ client->user_agent,
								  strlen(client->user_agent) } };

	if (users_mail_kind_listed(users_settings.mail_kinds_off,
							   USERS_MAIL_NEW_SIGN_IN))
		return;
	users_keyed_hash(sighting.device, DEVICE_BYTES,
					 users_purpose_key(USERS_KEY_IDENTIFIER), parts,
					 lengthof(parts));
	/* Somebody signs in from it at the same time, who will be told. */
	if (!users_with_patience(see, &sighting))
		return;
	if (sighting.is_new && !is_first)
		mail_notice(account, label, client);
}

int64
users_purge_devices(TimestampTz before, int max)
{
	Datum values[] = { TimestampTzGetDatum(before), Int64GetDatum(max) };

	return (int64) users_write(&queries[PURGE], values, NULL);
}

void
users_init_device(void)
{
	users_register_queries(queries, lengthof(queries));
}
