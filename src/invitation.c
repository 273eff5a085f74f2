#include "pg.h"

#include "core/grammar.h"
#include "errors.h"
#include "ids.h"
#include "invitation.h"
#include "outcome.h"
#include "query.h"
#include "settings.h"

enum
{
	FIND_INVITATION,
	FIND_PENDING,
	INSERT_INVITATION,
	RENEW,
	SETTLE,
	PURGE,
	FORGET
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_INVITATION] = {
		.sql = "SELECT domain_id, role_id, inviter_id, invitee, by_email, invitee_id, site,"
			   "       status" EQ "'pending', expires_at"
			   "  FROM users.invitation WHERE id" EQ "$1",
		.types = { UUIDOID } },
	[FIND_PENDING] = {
		.sql = "SELECT id FROM users.invitation"
			   " WHERE role_id" EQ "$1 AND invitee_key" EQ "$2 AND status" EQ "'pending'",
		.types = { UUIDOID, TEXTOID } },
	[INSERT_INVITATION] = {
		.sql = "INSERT INTO users.invitation"
			   " (id, inviter_id, invitee, invitee_id, site, expires_at, created_at, domain_id, role_id,"
			   "  invitee_key, by_email)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		.types = { UUIDOID, UUIDOID, TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID,
				   UUIDOID, TEXTOID, BOOLOID } },
	[RENEW] = {
		.sql = "UPDATE users.invitation"
			   "   SET inviter_id = $2, invitee = $3, invitee_id = $4, site = $5, expires_at = $6"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, UUIDOID, TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID } },
	[SETTLE] = {
		.sql = "UPDATE users.invitation SET status = $2, answered_at = $3, accepted_by = $4"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID, UUIDOID } },
	/* One that somebody is renewing just now stays. */
	[PURGE] = {
		.sql = "DELETE FROM users.invitation WHERE id" EQ "ANY (ARRAY("
			   " SELECT id FROM users.invitation WHERE expires_at" LT "$1"
			   "  ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
		.types = { TIMESTAMPTZOID, INT8OID } },
	[FORGET] = {
		.sql = "DELETE FROM users.invitation"
			   " WHERE inviter_id" EQ "ANY ($1) OR NOT by_email AND invitee_id" EQ "ANY ($1)"
			   "    OR accepted_by" EQ "ANY ($1) OR by_email AND invitee_key" EQ "ANY ($2)"
			   "   AND created_at" LT "$3",
		.types = { UUIDARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID } },
};
/* clang-format on */

bool
users_find_invitation(UsersInvitation *invitation, const pg_uuid_t *id,
					  MemoryContext context)
{
	Datum value = UUIDPGetDatum(id);

	memset(invitation, 0, sizeof(*invitation));
	invitation->id = *id;
	if (users_read(&queries[FIND_INVITATION], &value, NULL) == 0)
		return false;
	(void) users_column_uuid(0, 1, &invitation->domain_id);
	(void) users_column_uuid(0, 2, &invitation->role_id);
	invitation->has_inviter = users_column_uuid(0, 3, &invitation->inviter_id);
	invitation->invitee = users_column_text(0, 4, context);
	invitation->by_email = users_column_bool(0, 5, false);
	(void) users_column_uuid(0, 6, &invitation->invitee_id);
	invitation->site = users_column_text(0, 7, context);
	invitation->pending = users_column_bool(0, 8, false);
	invitation->expires_at = users_column_int64(0, 9, 0);
	return true;
}

/* The invitee as rows are found by: both grammars are ASCII. */
static Datum
key_of(const char *invitee)
{
	char *key = pstrdup(invitee);

	users_fold(key, key, strlen(key));
	return CStringGetTextDatum(key);
}

void
users_invitee_argument(UsersInvitation *invitation, FunctionCallInfo fcinfo,
					   int n)
{
	char *invitee = users_trimmed_argument(fcinfo, n);
	size_t len = strlen(invitee);

	/* Usernames have no @. */
	invitation->invitee = invitee;
	invitation->by_email = strchr(invitee, '@') != NULL;
	if (invitation->by_email && users_email_check(invitee, len) != USERS_OK)
		users_raise(USERS_E_EMAIL, "invitee");
	if (!invitation->by_email && users_username_check(invitee, len) != USERS_OK)
		users_raise(USERS_E_USERNAME, "invitee");
}

bool
users_find_bearer(UsersInvitation *invitation)
{
	UsersAccount account;

	if (invitation->by_email)
		return true;
	if (!users_find_identifier(&account, invitation->invitee,
							   strlen(invitation->invitee)))
		return false;
	invitation->invitee_id = account.user_id;
	return true;
}

bool
users_find_pending_invitation(pg_uuid_t *id, const pg_uuid_t *role_id,
							  const char *invitee)
{
	Datum values[] = { UUIDPGetDatum(role_id), key_of(invitee) };

	return users_read(&queries[FIND_PENDING], values, NULL) > 0 &&
		   users_column_uuid(0, 1, id);
}

bool
users_invitation_waits(const UsersInvitation *invitation)
{
	return invitation->pending &&
		   invitation->expires_at > GetCurrentTimestamp();
}

bool
users_invitation_is_for(const UsersInvitation *invitation,
						const UsersAccount *account)
{
	if (!account->exists)
		return false;
	if (invitation->by_email)
		return account->verified &&
			   pg_strcasecmp(account->email, invitation->invitee) == 0;
	return memcmp(&account->user_id, &invitation->invitee_id,
				  sizeof(pg_uuid_t)) == 0;
}

static void
write_invitation(const UsersInvitation *invitation, TimestampTz created_at,
				 bool renew)
{
	Datum values[11];
	char nulls[] = "           ";

	values[0] = UUIDPGetDatum(&invitation->id);
	values[1] = UUIDPGetDatum(&invitation->inviter_id);
	nulls[1] = invitation->has_inviter ? ' ' : 'n';
	values[2] = CStringGetTextDatum(invitation->invitee);
	values[3] = UUIDPGetDatum(&invitation->invitee_id);
	nulls[3] = invitation->by_email ? 'n' : ' ';
	nulls[4] = invitation->site == NULL ? 'n' : ' ';
	values[4] = invitation->site == NULL
					? (Datum) 0
					: CStringGetTextDatum(invitation->site);
	values[5] = TimestampTzGetDatum(invitation->expires_at);
	values[6] = TimestampTzGetDatum(created_at);
	values[7] = UUIDPGetDatum(&invitation->domain_id);
	values[8] = UUIDPGetDatum(&invitation->role_id);
	values[9] = key_of(invitation->invitee);
	values[10] = BoolGetDatum(invitation->by_email);
	(void) users_write(&queries[renew ? RENEW : INSERT_INVITATION], values,
					   nulls);
}

void
users_insert_invitation(const UsersInvitation *invitation,
						TimestampTz created_at)
{
	write_invitation(invitation, created_at, false);
}

void
users_put_invitation(UsersInvitation *invitation, bool renew)
{
	TimestampTz now = GetCurrentTimestamp();

	invitation->expires_at = users_after(now, users_settings.invitation_ttl);
	write_invitation(invitation, now, renew);
}

void
users_settle_invitation(const pg_uuid_t *id, const char *status,
						const pg_uuid_t *accepted_by)
{
	Datum values[] = { UUIDPGetDatum(id), CStringGetTextDatum(status),
					   TimestampTzGetDatum(GetCurrentTimestamp()),
					   accepted_by == NULL ? (Datum) 0
										   : UUIDPGetDatum(accepted_by) };

	(void) users_write(&queries[SETTLE], values,
					   accepted_by == NULL ? "   n" : NULL);
}

int64
users_purge_invitations(TimestampTz before, int max)
{
	Datum values[] = { TimestampTzGetDatum(before), Int64GetDatum(max) };

	return (int64) users_write(&queries[PURGE], values, NULL);
}

int64
users_forget_invitations(Datum user_ids, Datum emails, TimestampTz before)
{
	Datum values[] = { user_ids, emails, TimestampTzGetDatum(before) };

	return (int64) users_write(&queries[FORGET], values, NULL);
}

void
users_init_invitation(void)
{
	users_register_queries(queries, lengthof(queries));
}
