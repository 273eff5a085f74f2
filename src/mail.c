#include "pg.h"

#include "ids.h"
#include "mail.h"
#include "notify.h"
#include "query.h"
#include "settings.h"

enum
{
	INSERT_MAIL,
	INSERT_REQUEST,
	FULL,
	TAKE_REQUESTS,
	LOCK_DUE,
	CLAIM,
	GIVE_UP,
	LOCK_CLAIMED,
	MARK_SENT,
	MARK_FAILED,
	PUT_BACK,
	MAKE_DUE,
	DISCARD_MAIL,
	DISCARD_REQUEST,
	PURGE_MAIL,
	PURGE_REQUESTS,
	OVERDUE,
	FAILED,
	FORGET_MAIL,
	FORGET_REQUESTS
};

/* clang-format off */
static UsersQuery queries[] = {
	[INSERT_MAIL] = {
		.sql = "INSERT INTO users.mail"
			   " (user_id, id, class, kind, recipient, nobody, language, site, link_id, data, created_at,"
			   "  next_attempt_at)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
		.types = { UUIDOID, UUIDOID, INT2OID, TEXTOID, TEXTOID, BOOLOID, TEXTOID, TEXTOID, UUIDOID,
				   JSONBOID, TIMESTAMPTZOID } },
	[INSERT_REQUEST] = {
		.sql = "INSERT INTO users.mail_request"
			   " (class, id, kind, email, user_id, site, client_address, user_agent, created_at,"
			   "  invitation_id)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		.types = { INT2OID, UUIDOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, INETOID, TEXTOID,
				   TIMESTAMPTZOID, UUIDOID } },
	[FULL] = {
		.sql = "SELECT 1 FROM users.mail_request OFFSET $1 LIMIT 1",
		.types = { INT8OID } },
	/* Two relays never take the same one; neither waits for the other. A
	 * sub-select in FROM could be run again for each row of the table, and then
	 * its LIMIT is none. */
	[TAKE_REQUESTS] = {
		.sql = "DELETE FROM users.mail_request r"
			   " WHERE r.class" EQ "$1 AND r.id" EQ "ANY (ARRAY("
			   "   SELECT id FROM users.mail_request WHERE class" EQ "$1"
			   "    ORDER BY class, id LIMIT $2 FOR UPDATE SKIP LOCKED))"
			   " RETURNING r.kind, r.email, r.user_id, r.site, r.client_address, r.user_agent, r.created_at,"
			   "           r.invitation_id",
		.types = { INT2OID, INT8OID } },
	[LOCK_DUE] = {
		.sql = "SELECT id FROM users.mail WHERE class" EQ "$1 AND next_attempt_at" LE "$2"
			   " ORDER BY next_attempt_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED",
		.types = { INT2OID, TIMESTAMPTZOID, INT8OID } },
	[CLAIM] = {
		.sql = "UPDATE users.mail SET state = 'claimed', attempts = attempts" PLUS "1, next_attempt_at = $2"
			   " WHERE id" EQ "ANY ($1)"
			   " RETURNING user_id, id, kind, recipient, nobody, language, site, link_id,"
			   "           data, attempts::pg_catalog.int8, created_at",
		.types = { UUIDARRAYOID, TIMESTAMPTZOID } },
	[GIVE_UP] = {
		.sql = "UPDATE users.mail SET state = $3, next_attempt_at = NULL, last_error = $4"
			   " WHERE user_id" EQ "$1 AND id" EQ "$2",
		.types = { UUIDOID, UUIDOID, TEXTOID, TEXTOID } },
	[LOCK_CLAIMED] = {
		.sql = "SELECT attempts::pg_catalog.int8 FROM users.mail"
			   " WHERE id" EQ "$1 AND next_attempt_at IS NOT NULL AND attempts" GT "0 FOR UPDATE",
		.types = { UUIDOID } },
	[MARK_SENT] = {
		.sql = "UPDATE users.mail SET state = 'sent', sent_at = $2, next_attempt_at = NULL, last_error = NULL"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	[MARK_FAILED] = {
		.sql = "UPDATE users.mail SET state = $2, next_attempt_at = $3, last_error = $4 WHERE id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID, TEXTOID } },
	[PUT_BACK] = {
		.sql = "UPDATE users.mail SET state = 'waiting', next_attempt_at = $2, attempts = attempts" PLUS "-1"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	[MAKE_DUE] = {
		.sql = "UPDATE users.mail SET state = 'waiting', next_attempt_at = $2, attempts = 0"
			   " WHERE id" EQ "$1 AND state" EQ "ANY ('{waiting,failed}'::pg_catalog.text[])",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	[DISCARD_MAIL] = {
		.sql = "UPDATE users.mail SET state = 'discarded', next_attempt_at = NULL"
			   " WHERE id" EQ "$1 AND state" EQ "ANY ('{waiting,claimed,failed}'::pg_catalog.text[])",
		.types = { UUIDOID } },
	[DISCARD_REQUEST] = {
		.sql = "DELETE FROM users.mail_request WHERE class" EQ "ANY ('{1,2,3}'::pg_catalog.int2[]) AND id" EQ "$1",
		.types = { UUIDOID } },
	[PURGE_MAIL] = {
		.sql = "DELETE FROM users.mail WHERE id" EQ "ANY (ARRAY("
			   " SELECT id FROM users.mail WHERE id" LT "$1 AND next_attempt_at IS NULL LIMIT $2))",
		.types = { UUIDOID, INT8OID } },
	[PURGE_REQUESTS] = {
		.sql = "DELETE FROM users.mail_request"
			   " WHERE class" EQ "ANY ('{1,2,3}'::pg_catalog.int2[]) AND id" EQ "ANY (ARRAY("
			   "  SELECT id FROM users.mail_request"
			   "   WHERE class" EQ "ANY ('{1,2,3}'::pg_catalog.int2[]) AND id" LT "$1 LIMIT $2))",
		.types = { UUIDOID, INT8OID } },
	[OVERDUE] = {
		.sql = "SELECT pg_catalog.min(due) FROM"
			   " (SELECT next_attempt_at AS due FROM users.mail WHERE next_attempt_at IS NOT NULL"
			   "   UNION ALL SELECT created_at FROM users.mail_request) waiting" },
	[FAILED] = {
		.sql = "SELECT pg_catalog.count(*) FROM users.mail WHERE id" GT "$1 AND state" EQ "'failed'",
		.types = { UUIDOID } },
	[FORGET_MAIL] = {
		.sql = "DELETE FROM users.mail WHERE user_id" EQ "ANY ($1) AND (NOT nobody OR created_at" LT "$2)",
		.types = { UUIDARRAYOID, TIMESTAMPTZOID } },
	[FORGET_REQUESTS] = {
		.sql = "DELETE FROM users.mail_request"
			   " WHERE user_id" EQ "ANY ($1)"
			   "    OR pg_catalog.lower(email COLLATE pg_catalog.\"C\")" EQ "ANY ($2) AND created_at" LT "$3",
		.types = { UUIDARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID } },
};
/* clang-format on */

/* ---- writing ---- */

static Datum
class_datum(UsersMailClass mail_class)
{
	return Int16GetDatum((int16) mail_class);
}

static Datum
text_or_null(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

bool
users_mail_kind_is_on(UsersMailKind kind)
{
	return !users_mail_kind_listed(users_settings.mail_kinds_off, kind);
}

/* The language of a mail to an account. */
static const char *
language_for(const UsersAccount *account)
{
	if (account->exists && account->language != NULL)
		return account->language;
	return users_settings.default_language;
}

void
users_write_mail(const UsersMail *mail)
{
	const UsersMailKindInfo *info = &users_mail_kinds[mail->kind];
	const UsersAccount *account = mail->account;
	const char *recipient =
		mail->recipient == NULL ? account->email : mail->recipient;
	const char *data = mail->data == NULL ? "{}" : mail->data;
	pg_uuid_t id;
	Datum values[11];
	char nulls[] = "           ";

	if (!users_mail_kind_is_on(mail->kind))
		return;
	users_new_id(&id);
	values[0] = UUIDPGetDatum(&account->user_id);
	values[1] = UUIDPGetDatum(&id);
	values[2] = class_datum(info->mail_class);
	values[3] = CStringGetTextDatum(info->name);
	values[4] = CStringGetTextDatum(recipient);
	values[5] = BoolGetDatum(!account->exists);
	values[6] = CStringGetTextDatum(
		mail->language != NULL ? mail->language : language_for(account));
	values[7] = text_or_null(mail->site, &nulls[7]);
	nulls[8] = mail->link == NULL ? 'n' : ' ';
	values[8] = mail->link == NULL ? (Datum) 0 : UUIDPGetDatum(&mail->link->id);
	values[9] = DirectFunctionCall1(jsonb_in, CStringGetDatum(data));
	values[10] = TimestampTzGetDatum(GetCurrentTimestamp());
	(void) users_write(&queries[INSERT_MAIL], values, nulls);
	if (!mail->by_relay)
		users_notify_mail(&id);
}

void
users_write_notice(UsersMailKind kind, const UsersAccount *account)
{
	UsersMail mail = { .kind = kind, .account = account };

	users_write_mail(&mail);
}

bool
users_write_request(const UsersMailRequest *request)
{
	const UsersMailKindInfo *info = &users_mail_kinds[request->kind];
	Datum limit = Int64GetDatum(users_settings.max_waiting_requests - 1);
	pg_uuid_t id;
	Datum values[10];
	char nulls[] = "          ";
	bool isnull;

	if (users_read(&queries[FULL], &limit, NULL) > 0)
		return false;
	users_new_id(&id);
	values[0] = class_datum(info->mail_class);
	values[1] = UUIDPGetDatum(&id);
	values[2] = CStringGetTextDatum(info->name);
	values[3] = CStringGetTextDatum(request->email);
	values[4] = UUIDPGetDatum(&request->user_id);
	nulls[4] = request->has_user ? ' ' : 'n';
	values[5] = text_or_null(request->site, &nulls[5]);
	values[6] = users_client_inet(&request->client, &isnull);
	nulls[6] = isnull ? 'n' : ' ';
	values[7] = CStringGetTextDatum(request->client.user_agent);
	nulls[7] = request->client.user_agent[0] == '\0' ? 'n' : ' ';
	values[8] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[9] = UUIDPGetDatum(&request->invitation_id);
	nulls[9] = request->has_invitation ? ' ' : 'n';
	(void) users_write(&queries[INSERT_REQUEST], values, nulls);
	users_notify_mail(&id);
	return true;
}

/* ---- for the relay ---- */

static UsersMailKind
kind_column(uint64 row, int column)
{
	char *name = users_column_text(row, column, CurrentMemoryContext);

	return users_mail_kind(name, strlen(name));
}

static void
read_request(UsersMailRequest *request, uint64 row, MemoryContext context)
{
	char *agent = users_column_text(row, 6, context);
	bool isnull;
	Datum address = users_column(row, 5, &isnull);

	memset(request, 0, sizeof(*request));
	request->kind = kind_column(row, 1);
	request->email = users_column_text(row, 2, context);
	request->has_user = users_column_uuid(row, 3, &request->user_id);
	request->site = users_column_text(row, 4, context);
	if (!isnull)
		(void) users_client_from_inet(&request->client,
									  DatumGetInetPP(address));
	if (agent != NULL)
		strlcpy(request->client.user_agent, agent,
				sizeof(request->client.user_agent));
	request->created_at = users_column_int64(row, 7, 0);
	request->has_invitation =
		users_column_uuid(row, 8, &request->invitation_id);
}

int
users_take_requests(UsersMailRequest **requests, UsersMailClass mail_class,
					int n, MemoryContext context)
{
	Datum values[] = { class_datum(mail_class), Int64GetDatum(n) };
	uint64 count = users_write(&queries[TAKE_REQUESTS], values, NULL);

	*requests = MemoryContextAlloc(context, Max(count, 1) * sizeof(**requests));
	for (uint64 i = 0; i < count; i++)
		read_request(&(*requests)[i], i, context);
	return (int) count;
}

int
users_lock_due(pg_uuid_t *ids, UsersMailClass mail_class, int n)
{
	Datum values[] = { class_datum(mail_class),
					   TimestampTzGetDatum(GetCurrentTimestamp()),
					   Int64GetDatum(n) };
	uint64 count = users_write(&queries[LOCK_DUE], values, NULL);

	for (uint64 i = 0; i < count; i++)
		(void) users_column_uuid(i, 1, &ids[i]);
	return (int) count;
}

static void
read_claim(UsersClaim *claim, uint64 row, MemoryContext context)
{
	bool isnull;
	Datum data = users_column(row, 9, &isnull);
	MemoryContext old;

	memset(claim, 0, sizeof(*claim));
	(void) users_column_uuid(row, 1, &claim->user_id);
	(void) users_column_uuid(row, 2, &claim->id);
	claim->kind = kind_column(row, 3);
	claim->recipient = users_column_text(row, 4, context);
	claim->nobody = users_column_bool(row, 5, false);
	claim->language = users_column_text(row, 6, context);
	claim->site = users_column_text(row, 7, context);
	claim->has_link = users_column_uuid(row, 8, &claim->link_id);
	old = MemoryContextSwitchTo(context);
	claim->data = datumCopy(data, false, -1);
	MemoryContextSwitchTo(old);
	claim->attempt = (int) users_column_int64(row, 10, 0);
	claim->created_at = users_column_int64(row, 11, 0);
}

static Datum
uuid_array(const pg_uuid_t *ids, int n)
{
	Datum *elements = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = UUIDPGetDatum(&ids[i]);
	return PointerGetDatum(
		construct_array(elements, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

int
users_claim(UsersClaim **claims, const pg_uuid_t *ids, int n,
			TimestampTz lease_end, MemoryContext context)
{
	Datum values[] = { uuid_array(ids, n), TimestampTzGetDatum(lease_end) };
	uint64 count = users_write(&queries[CLAIM], values, NULL);

	*claims = MemoryContextAlloc(context, Max(count, 1) * sizeof(**claims));
	for (uint64 i = 0; i < count; i++)
		read_claim(&(*claims)[i], i, context);
	return (int) count;
}

void
users_give_up_mail(const UsersClaim *claim, const char *state,
				   const char *error)
{
	Datum values[] = { UUIDPGetDatum(&claim->user_id),
					   UUIDPGetDatum(&claim->id), CStringGetTextDatum(state),
					   CStringGetTextDatum(error) };

	(void) users_write(&queries[GIVE_UP], values, NULL);
}

int
users_lock_claimed(const pg_uuid_t *id)
{
	Datum value = UUIDPGetDatum(id);

	if (users_write(&queries[LOCK_CLAIMED], &value, NULL) == 0)
		return -1;
	return (int) users_column_int64(0, 1, 0);
}

void
users_mark_sent(const pg_uuid_t *id)
{
	Datum values[] = { UUIDPGetDatum(id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	(void) users_write(&queries[MARK_SENT], values, NULL);
}

void
users_mark_failed(const pg_uuid_t *id, const char *error, TimestampTz again_at)
{
	Datum values[] = {
		UUIDPGetDatum(id),
		CStringGetTextDatum(again_at == 0 ? "failed" : "waiting"),
		TimestampTzGetDatum(again_at), CStringGetTextDatum(error)
	};

	(void) users_write(&queries[MARK_FAILED], values,
					   again_at == 0 ? "  n " : NULL);
}

void
users_put_back(const pg_uuid_t *id, TimestampTz again_at)
{
	Datum values[] = { UUIDPGetDatum(id), TimestampTzGetDatum(again_at) };

	(void) users_write(&queries[PUT_BACK], values, NULL);
}

bool
users_make_due(const pg_uuid_t *id)
{
	Datum values[] = { UUIDPGetDatum(id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };
	bool found = users_write(&queries[MAKE_DUE], values, NULL) > 0;

	if (found)
		users_notify_mail(id);
	return found;
}

bool
users_discard(const pg_uuid_t *id)
{
	Datum value = UUIDPGetDatum(id);

	return users_write(&queries[DISCARD_MAIL], &value, NULL) > 0 ||
		   users_write(&queries[DISCARD_REQUEST], &value, NULL) > 0;
}

/* ---- maintenance ---- */

static int64
purge(int query, TimestampTz before, int max)
{
	pg_uuid_t id;
	Datum values[2];

	users_id_of_time(&id, before);
	values[0] = UUIDPGetDatum(&id);
	values[1] = Int64GetDatum(max);
	return (int64) users_write(&queries[query], values, NULL);
}

int64
users_purge_mail(TimestampTz before, int max)
{
	return purge(PURGE_MAIL, before, max);
}

int64
users_purge_requests(TimestampTz before, int max)
{
	return purge(PURGE_REQUESTS, before, max);
}

int64
users_forget_mail(Datum user_ids, TimestampTz before)
{
	Datum values[] = { user_ids, TimestampTzGetDatum(before) };

	return (int64) users_write(&queries[FORGET_MAIL], values, NULL);
}

int64
users_forget_requests(Datum user_ids, Datum emails, TimestampTz before)
{
	Datum values[] = { user_ids, emails, TimestampTzGetDatum(before) };

	return (int64) users_write(&queries[FORGET_REQUESTS], values, NULL);
}

int64
users_mail_overdue(int64 *failed)
{
	TimestampTz now = GetCurrentTimestamp();
	pg_uuid_t id;
	Datum value = UUIDPGetDatum(&id);
	TimestampTz due;

	users_id_of_time(&id, users_after(now, -SECS_PER_DAY));
	(void) users_read(&queries[FAILED], &value, NULL);
	*failed = users_column_int64(0, 1, 0);
	(void) users_read(&queries[OVERDUE], NULL, NULL);
	due = users_column_int64(0, 1, now);
	return Max((now - due) / USECS_PER_SEC, 0);
}

void
users_init_mail(void)
{
	users_register_queries(queries, lengthof(queries));
}
