#include "pg.h"

#include "account.h"
#include "ids.h"
#include "query.h"
#include "role.h"
#include "settings.h"
#include "shown.h"
#include "throttle.h"

/* Whatever there is: what the built-in role holds. */
#define EVERYTHING                                                             \
	"(SELECT pg_catalog.array_agg(t.object_type OPERATOR(pg_catalog.||) ':*'"  \
	" ORDER BY t.object_type OPERATOR(pg_catalog.||) ':*')"                    \
	" FROM users.object_type t)"
#define WORDS "CASE WHEN r.built_in THEN " EVERYTHING " ELSE r.permissions END"

enum
{
	SHOW_DOMAIN,
	SHOW_ROLE,
	SHOW_ROLE_MEMBER,
	SHOW_ACCOUNT,
	SHOW_INVITATION
};

/* clang-format off */
static UsersQuery queries[] = {
	[SHOW_DOMAIN] = {
		.sql = "SELECT d.id, d.name, d.route, d.tags, d.metadata, d.status, h.roles,"
			   "       CASE WHEN d.status" EQ "'enabled'"
			   "              OR d.status" EQ "'disabled'"
			   "             AND h.words OPERATOR(pg_catalog.&&) ARRAY['domain:enable', 'domain:*']"
			   "            THEN h.words ELSE '{}' END,"
			   "       d.created_at, d.created_by, d.updated_at, d.updated_by"
			   "  FROM users.domain d"
			   " CROSS JOIN LATERAL ("
			   "       SELECT ARRAY("
			   "              SELECT r.name"
			   "                FROM users.role_assignment a JOIN users.role r ON r.id" EQ "a.role_id"
			   "               WHERE a.user_id" EQ "$2 AND a.domain_id" EQ "d.id AND a.object_type" EQ "''"
			   "               ORDER BY pg_catalog.lower(r.name COLLATE pg_catalog.\"C\")) AS roles,"
			   "              ARRAY("
			   "              SELECT DISTINCT w.word"
			   "                FROM users.role_assignment a JOIN users.role r ON r.id" EQ "a.role_id"
			   "               CROSS JOIN LATERAL pg_catalog.unnest(" WORDS ") w (word)"
			   "               WHERE a.user_id" EQ "$2 AND a.domain_id" EQ "d.id AND a.object_type" EQ "''"
			   "               ORDER BY w.word) AS words"
			   "       OFFSET 0) h"
			   " WHERE d.id" EQ "$1",
		.types = { UUIDOID, UUIDOID } },
	[SHOW_ROLE] = {
		.sql = "SELECT r.id, r.domain_id, r.name, " WORDS ", r.built_in, r.created_at, r.created_by,"
			   "       r.updated_at, r.updated_by"
			   "  FROM users.role r WHERE r.id" EQ "$1",
		.types = { UUIDOID } },
	[SHOW_ROLE_MEMBER] = {
		.sql = "SELECT a.role_id, r.name, a.domain_id, a.user_id, p.username, p.first_name, p.last_name,"
			   "       CASE WHEN a.object_type" NE "'' THEN a.object_type END,"
			   "       CASE WHEN a.object_type" NE "'' THEN a.object_id END, a.granted_at, a.granted_by"
			   "  FROM users.role_assignment a"
			   "  JOIN users.role r ON r.id" EQ "a.role_id"
			   "  JOIN users.person p ON p.user_id" EQ "a.user_id"
			   " WHERE a.user_id" EQ "$2 AND a.domain_id" EQ "r.domain_id AND a.role_id" EQ "$1"
			   "   AND a.object_type" EQ "$3 AND a.object_id" EQ "$4",
		.types = { UUIDOID, UUIDOID, TEXTOID, UUIDOID } },
	[SHOW_ACCOUNT] = {
		.sql = "SELECT a.user_id, a.email, p.username, p.first_name, p.last_name, a.status, a.platform_role,"
			   "       a.email_verified_at, a.language, a.theme, a.tags, a.metadata, a.admin_metadata,"
			   "       a.created_at, a.updated_at,"
			   "       (SELECT pg_catalog.max(l.at) FROM (VALUES (a.last_login_at),"
			   "          ((SELECT s.created_at FROM users.session s WHERE s.user_id" EQ "$1 ORDER BY s.id DESC LIMIT 1))) l (at)),"
			   "       (SELECT pg_catalog.count(*) FROM users.session s"
			   "         WHERE s.user_id" EQ "$1 AND s.ended_at IS NULL AND s.expires_at" GT "$2),"
			   "       NULL::pg_catalog.timestamptz, a.reset_required, a.disabled_reason, a.deleted_at,"
			   "       a.deleted_at OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $3)"
			   "  FROM users.account a JOIN users.person p ON p.user_id" EQ "a.user_id"
			   " WHERE a.user_id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID, FLOAT8OID } },
	[SHOW_INVITATION] = {
		.sql = "SELECT 'sent'::pg_catalog.text, i.id, i.domain_id, d.name, d.route, i.role_id, r.name, i.inviter_id,"
			   "       " USERS_FULL_NAME ", i.accepted_by,"
			   "       i.invitee, CASE WHEN i.status" EQ "'pending' AND i.expires_at" LE "$2 THEN 'expired' ELSE i.status END,"
			   "       i.created_at, i.expires_at, i.answered_at"
			   "  FROM users.invitation i"
			   "  JOIN users.domain d ON d.id" EQ "i.domain_id"
			   "  JOIN users.role r ON r.id" EQ "i.role_id"
			   "  LEFT JOIN users.person p ON p.user_id" EQ "i.inviter_id"
			   " WHERE i.id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
};
/* clang-format on */

/* Reads the one row of a query. */
static void
show(UsersShown *shown, UsersQuery *query, const Datum *values,
	 const char *nulls, int columns, MemoryContext context)
{
	if (users_read(query, values, nulls) != 1)
		elog(ERROR, "what was changed is not there");
	users_copy_row(0, shown->values, shown->nulls, columns, context);
}

void
users_show_domain(UsersShown *shown, const pg_uuid_t *id,
				  const pg_uuid_t *user_id, MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(id),
					   user_id == NULL ? (Datum) 0 : UUIDPGetDatum(user_id) };

	show(shown, &queries[SHOW_DOMAIN], values, user_id == NULL ? " n" : NULL,
		 USERS_DOMAIN_COLUMNS, context);
}

void
users_show_role(UsersShown *shown, const pg_uuid_t *id, MemoryContext context)
{
	Datum value = UUIDPGetDatum(id);

	show(shown, &queries[SHOW_ROLE], &value, NULL, USERS_ROLE_COLUMNS, context);
}

void
users_show_role_member(UsersShown *shown, const pg_uuid_t *role_id,
					   const pg_uuid_t *user_id, const char *object_type,
					   const pg_uuid_t *object_id, MemoryContext context)
{
	Datum values[4] = { UUIDPGetDatum(role_id), UUIDPGetDatum(user_id) };

	users_scope_values(values, 2, object_type, object_id);
	show(shown, &queries[SHOW_ROLE_MEMBER], values, NULL,
		 USERS_ROLE_MEMBER_COLUMNS, context);
}

void
users_show_invitation(UsersShown *shown, const pg_uuid_t *id,
					  MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	show(shown, &queries[SHOW_INVITATION], values, NULL,
		 USERS_INVITATION_COLUMNS, context);
}

#define THROTTLED_UNTIL 17 /* column, from 0 */

void
users_show_account(UsersShown *shown, const pg_uuid_t *user_id,
				   MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(user_id),
					   TimestampTzGetDatum(GetCurrentTimestamp()),
					   Float8GetDatum((double) users_settings.deletion_grace) };
	TimestampTz until =
		users_listed_until(users_list_throttled(CurrentMemoryContext), user_id);

	show(shown, &queries[SHOW_ACCOUNT], values, NULL, USERS_ACCOUNT_COLUMNS,
		 context);
	shown->nulls[THROTTLED_UNTIL] = until == 0;
	shown->values[THROTTLED_UNTIL] = TimestampTzGetDatum(until);
}

void
users_init_shown(void)
{
	users_register_queries(queries, lengthof(queries));
}
