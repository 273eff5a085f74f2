#include "pg.h"

#include <sodium.h>

#include "ids.h"
#include "link.h"
#include "query.h"
#include "root.h"
#include "settings.h"

/* One asked for again within so many seconds is mailed again; requests need not
 * be resolved in the order in which they were made. */
#define REPEAT_WITHIN 300

enum
{
	INSERT_LINK,
	FIND_LINK,
	TAKE_LINK,
	FIND_RECENT,
	BEGIN_LINK,
	SPEND,
	END_OF_KIND,
	END_OF_MAILBOX,
	PURGE,
	FORGET
};

#define COLUMNS                                                                \
	"user_id, id, kind, recipient, nobody, version, nonce, created_at, "       \
	"expires_at, spent_at IS NOT NULL, invitation_id"

/* clang-format off */
static UsersQuery queries[] = {
	[INSERT_LINK] = {
		.sql = "INSERT INTO users.link (user_id, id, kind, recipient, nobody, version, nonce, created_at, invitation_id)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		.types = { UUIDOID, UUIDOID, TEXTOID, TEXTOID, BOOLOID, INT8OID, BYTEAOID, TIMESTAMPTZOID, UUIDOID } },
	[FIND_LINK] = {
		.sql = "SELECT " COLUMNS " FROM users.link WHERE user_id" EQ "$1 AND id" EQ "$2",
		.types = { UUIDOID, UUIDOID } },
	[TAKE_LINK] = {
		.sql = "SELECT " COLUMNS " FROM users.link WHERE user_id" EQ "$1 AND id" EQ "$2"
			   " FOR NO KEY UPDATE SKIP LOCKED",
		.types = { UUIDOID, UUIDOID } },
	[FIND_RECENT] = {
		.sql = "SELECT " COLUMNS " FROM users.link"
			   " WHERE user_id" EQ "$1 AND kind" EQ "$2 AND recipient" EQ "$3 AND version" EQ "$4"
			   "   AND created_at" GT "$5 AND created_at" LE "$6 AND spent_at IS NULL"
			   "   AND (expires_at IS NULL OR expires_at" GT "$7)"
			   "   AND ($8 IS NULL OR invitation_id" EQ "$8)"
			   " ORDER BY created_at DESC LIMIT 1",
		.types = { UUIDOID, TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
				   UUIDOID } },
	[BEGIN_LINK] = {
		.sql = "UPDATE users.link SET expires_at = $3"
			   " WHERE user_id" EQ "$1 AND id" EQ "$2 AND expires_at IS NULL",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID } },
	[SPEND] = {
		.sql = "UPDATE users.link SET spent_at = $3"
			   " WHERE user_id" EQ "$1 AND id" EQ "$2 AND spent_at IS NULL AND expires_at" GT "$3",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID } },
	/* Not one that somebody is about to spend, who would wait for us too. */
	[END_OF_KIND] = {
		.sql = "UPDATE users.link SET spent_at = $3 WHERE user_id" EQ "$1 AND id" EQ "ANY (ARRAY("
			   " SELECT id FROM users.link WHERE user_id" EQ "$1 AND kind" EQ "$2 AND spent_at IS NULL"
			   "    FOR NO KEY UPDATE SKIP LOCKED))",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID } },
	[END_OF_MAILBOX] = {
		.sql = "UPDATE users.link SET spent_at = $3"
			   " WHERE user_id" EQ "$1 AND kind" EQ "$2 AND spent_at IS NULL AND recipient" EQ "$4",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID, TEXTOID } },
	[PURGE] = {
		.sql = "DELETE FROM users.link WHERE id" EQ "ANY (ARRAY("
			   " SELECT id FROM users.link"
			   "  WHERE id" LT "$1 AND (expires_at IS NULL OR expires_at" LT "$2) LIMIT $3))",
		.types = { UUIDOID, TIMESTAMPTZOID, INT8OID } },
	[FORGET] = {
		.sql = "DELETE FROM users.link WHERE user_id" EQ "ANY ($1) AND (NOT nobody OR created_at" LT "$2)",
		.types = { UUIDARRAYOID, TIMESTAMPTZOID } },
};
/* clang-format on */

int
users_link_ttl(UsersMailKind kind)
{
	if (kind == USERS_MAIL_RESET_PASSWORD)
		return users_settings.reset_token_ttl;
	if (kind == USERS_MAIL_INVITATION)
		return users_settings.invitation_ttl;
	return users_settings.verification_token_ttl;
}

static Datum
kind_datum(UsersMailKind kind)
{
	return CStringGetTextDatum(users_mail_kinds[kind].name);
}

/* Row 0 of the last result. */
static void
read_row(UsersLink *link, MemoryContext context)
{
	char *kind = users_column_text(0, 3, context);

	memset(link, 0, sizeof(*link));
	(void) users_column_uuid(0, 1, &link->user_id);
	(void) users_column_uuid(0, 2, &link->id);
	link->kind = users_mail_kind(kind, strlen(kind));
	link->recipient = users_column_text(0, 4, context);
	link->nobody = users_column_bool(0, 5, false);
	link->version = users_column_int64(0, 6, 0);
	if (!users_column_bytes(0, 7, link->nonce, sizeof(link->nonce)))
		elog(ERROR, "a link's row is damaged");
	link->created_at = users_column_int64(0, 8, 0);
	link->expires_at = users_column_int64(0, 9, 0);
	link->spent = users_column_bool(0, 10, true);
	link->has_invitation = users_column_uuid(0, 11, &link->invitation_id);
}

bool
users_read_link(UsersLink *link, const pg_uuid_t *user_id, const pg_uuid_t *id,
				MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(id) };

	if (users_read(&queries[FIND_LINK], values, NULL) == 0)
		return false;
	read_row(link, context);
	return true;
}

bool
users_take_link(UsersLink *link, MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(&link->user_id),
					   UUIDPGetDatum(&link->id) };

	if (users_write(&queries[TAKE_LINK], values, NULL) == 0)
		return false;
	read_row(link, context);
	return true;
}

/* ---- making ---- */

static bool
find_recent(UsersLink *link, TimestampTz asked_at, MemoryContext context)
{
	Datum values[] = {
		UUIDPGetDatum(&link->user_id),
		kind_datum(link->kind),
		CStringGetTextDatum(link->recipient),
		Int64GetDatum(link->version),
		TimestampTzGetDatum(users_after(asked_at, -REPEAT_WITHIN)),
		TimestampTzGetDatum(users_after(asked_at, REPEAT_WITHIN)),
		TimestampTzGetDatum(GetCurrentTimestamp()),
		UUIDPGetDatum(&link->invitation_id)
	};

	if (link->recipient[0] == '\0' ||
		users_read(&queries[FIND_RECENT], values,
				   link->has_invitation ? NULL : "       n") == 0)
		return false;
	read_row(link, context);
	return true;
}

static void
insert_link(const UsersLink *link)
{
	Datum values[] = { UUIDPGetDatum(&link->user_id),
					   UUIDPGetDatum(&link->id),
					   kind_datum(link->kind),
					   CStringGetTextDatum(link->recipient),
					   BoolGetDatum(link->nobody),
					   Int64GetDatum(link->version),
					   users_bytes_datum(link->nonce, sizeof(link->nonce)),
					   TimestampTzGetDatum(link->created_at),
					   UUIDPGetDatum(&link->invitation_id) };

	(void) users_write(&queries[INSERT_LINK], values,
					   link->has_invitation ? NULL : "        n");
}

/* What a new link is to be, or one that it repeats. */
static void
describe(UsersLink *link, UsersMailKind kind, const UsersAccount *account,
		 const char *recipient, MemoryContext context)
{
	memset(link, 0, sizeof(*link));
	link->kind = kind;
	link->user_id = account->user_id;
	link->nobody = !account->exists;
	link->version = account->exists ? account->link_version : 0;
	link->recipient = MemoryContextStrdup(context, recipient);
}

static void
make(UsersLink *link, TimestampTz asked_at, MemoryContext context)
{
	link->created_at = asked_at;
	if (find_recent(link, asked_at, context))
		return;
	users_new_id(&link->id);
	randombytes_buf(link->nonce, sizeof(link->nonce));
	insert_link(link);
}

void
users_make_link(UsersLink *link, UsersMailKind kind,
				const UsersAccount *account, const char *recipient,
				TimestampTz asked_at, MemoryContext context)
{
	describe(link, kind, account, recipient, context);
	make(link, asked_at, context);
}

void
users_make_invitation_link(UsersLink *link, const UsersAccount *account,
						   const char *recipient,
						   const pg_uuid_t *invitation_id, TimestampTz asked_at,
						   MemoryContext context)
{
	describe(link, USERS_MAIL_INVITATION, account, recipient, context);
	link->has_invitation = true;
	link->invitation_id = *invitation_id;
	make(link, asked_at, context);
}

/* ---- handing out ---- */

bool
users_link_lives(const UsersLink *link, const UsersAccount *account)
{
	TimestampTz now = GetCurrentTimestamp();

	if (link->spent || (link->expires_at != 0 && link->expires_at <= now))
		return false;
	if (link->nobody)
		return true;
	return account->exists && account->status == USERS_ENABLED &&
		   account->link_version == link->version;
}

static void
terms_of(UsersLinkName *name, UsersLinkTerms *terms, const UsersLink *link)
{
	memcpy(&name->user_id, &link->user_id, sizeof(name->user_id));
	memcpy(&name->link_id, &link->id, sizeof(name->link_id));
	terms->kind = users_mail_kinds[link->kind].name;
	terms->recipient = link->recipient;
	memcpy(terms->nonce, link->nonce, sizeof(terms->nonce));
}

static TimestampTz
no_later(TimestampTz time, TimestampTz limit)
{
	return limit == 0 ? time : Min(time, limit);
}

void
users_hand_out_link(UsersLink *link, UsersLinkToken token)
{
	UsersLinkName name;
	UsersLinkTerms terms;

	if (link->expires_at == 0)
	{
		Datum values[3];

		link->expires_at = no_later(
			users_after(GetCurrentTimestamp(), users_link_ttl(link->kind)),
			link->ends_by);
		values[0] = UUIDPGetDatum(&link->user_id);
		values[1] = UUIDPGetDatum(&link->id);
		values[2] = TimestampTzGetDatum(link->expires_at);
		(void) users_write(&queries[BEGIN_LINK], values, NULL);
	}
	link->expires_at = no_later(link->expires_at, link->ends_by);
	terms_of(&name, &terms, link);
	users_link_mint(token, &name, &terms, users_purpose_key(USERS_KEY_MAIL));
	token[USERS_LINK_TEXT] = '\0';
}

/* ---- redeeming ---- */

/* The link whose token this is, its life not looked at. */
static bool
find_genuine(UsersLink *link, const char *token, size_t len,
			 MemoryContext context)
{
	UsersLinkName name;
	UsersLinkTerms terms;
	uint8 mac[USERS_LINK_MAC];
	pg_uuid_t user_id;
	pg_uuid_t id;
	bool genuine;

	if (users_link_parse(&name, mac, token, len) != USERS_OK)
		return false;
	memcpy(&user_id, &name.user_id, sizeof(user_id));
	memcpy(&id, &name.link_id, sizeof(id));
	genuine = users_read_link(link, &user_id, &id, context) &&
			  link->kind != USERS_MAIL_KINDS;
	if (genuine)
	{
		terms_of(&name, &terms, link);
		genuine =
			users_link_verify(&name, mac, &terms,
							  users_purpose_key(USERS_KEY_MAIL)) == USERS_OK;
	}
	sodium_memzero(mac, sizeof(mac));
	return genuine;
}

bool
users_find_link(UsersLink *link, UsersAccount *account, FunctionCallInfo fcinfo,
				int n, UsersMailKind kind, UsersMailKind or_kind,
				MemoryContext context)
{
	text *token;

	memset(account, 0, sizeof(*account));
	if (PG_ARGISNULL(n))
		return false;
	token = PG_GETARG_TEXT_PP(n);
	if (!find_genuine(link, VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token),
					  context) ||
		(link->kind != kind && link->kind != or_kind) || link->expires_at == 0)
		return false;
	if (!link->nobody)
		(void) users_find_account(account, &link->user_id, context);
	return users_link_lives(link, account);
}

bool
users_spend_link(const UsersLink *link)
{
	Datum values[] = { UUIDPGetDatum(&link->user_id), UUIDPGetDatum(&link->id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	return users_write(&queries[SPEND], values, NULL) > 0;
}

void
users_end_links(const pg_uuid_t *user_id, UsersMailKind kind,
				const char *recipient)
{
	Datum values[4];

	values[0] = UUIDPGetDatum(user_id);
	values[1] = kind_datum(kind);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	if (recipient != NULL)
		values[3] = CStringGetTextDatum(recipient);
	(void) users_write(
		&queries[recipient == NULL ? END_OF_KIND : END_OF_MAILBOX], values,
		NULL);
}

int64
users_purge_links(TimestampTz before, int max)
{
	pg_uuid_t id;
	Datum values[3];

	users_id_of_time(&id, before);
	values[0] = UUIDPGetDatum(&id);
	values[1] = TimestampTzGetDatum(before);
	values[2] = Int64GetDatum(max);
	return (int64) users_write(&queries[PURGE], values, NULL);
}

int64
users_forget_links(Datum user_ids, TimestampTz before)
{
	Datum values[] = { user_ids, TimestampTzGetDatum(before) };

	return (int64) users_write(&queries[FORGET], values, NULL);
}

void
users_init_link(void)
{
	users_register_queries(queries, lengthof(queries));
}
