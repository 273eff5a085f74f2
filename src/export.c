#include "pg.h"

#include "account.h"
#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "export.h"
#include "identity.h"
#include "query.h"

PG_FUNCTION_INFO_V1(users_export);

/* The rows of a query, which has them as r, as an array of objects. */
#define LIST(rows)                                                             \
	"(SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]')"     \
	" FROM (" rows ") r)"

/* clang-format off */
/*
 * One statement, so that all of it is of one moment. $1 is the user. Columns are
 * named one by one: no hash, nonce, token or link is among them, and none that
 * comes later gets in by itself.
 */
static UsersQuery queries[] = {
	{ .sql =
	"SELECT pg_catalog.jsonb_build_object("
	"'account', (SELECT pg_catalog.to_jsonb(r) FROM ("
	"  SELECT a.user_id AS id, a.email, a.pending_email, a.status, a.platform_role, a.email_verified_at,"
	"         a.reset_required, a.language, a.theme, a.tags, a.metadata, a.admin_metadata, a.disabled_reason,"
	"         a.created_at, a.updated_at, a.last_login_at, a.deleted_at,"
	"         c.password_hash IS NOT NULL AS has_password, c.changed_at AS password_changed_at"
	"    FROM users.account a JOIN users.credential c ON c.user_id" EQ "a.user_id"
	"   WHERE a.user_id" EQ "$1) r),"
	"'person', (SELECT pg_catalog.to_jsonb(r) FROM ("
	"  SELECT p.username, p.first_name, p.last_name, p.picture_type, p.picture_updated_at"
	"    FROM users.person p WHERE p.user_id" EQ "$1) r),"
	"'picture', (SELECT pg_catalog.to_jsonb(r) FROM ("
	"  SELECT p.picture_type AS type, pg_catalog.octet_length(t.data) AS size, p.picture_updated_at AS updated_at,"
	"         pg_catalog.replace(pg_catalog.encode(t.data, 'base64'), E'\\n', '') AS base64"
	"    FROM users.picture t JOIN users.person p ON p.user_id" EQ "t.user_id"
	"   WHERE t.user_id" EQ "$1) r),"
	"'identifiers', " LIST(
	"  SELECT i.kind, i.identifier"
	"    FROM users.account a JOIN users.person p ON p.user_id" EQ "a.user_id"
	"    JOIN users.identifier i ON i.user_id" EQ "a.user_id AND i.identifier" EQ "ANY (ARRAY["
	"         'email:' OPERATOR(pg_catalog.||) pg_catalog.lower(a.email COLLATE pg_catalog.\"C\"),"
	"         'username:' OPERATOR(pg_catalog.||) pg_catalog.lower(p.username COLLATE pg_catalog.\"C\")])"
	"   WHERE a.user_id" EQ "$1 ORDER BY i.kind") ","
	"'sessions', " LIST(
	"  SELECT s.id, s.label, s.client_address, s.user_agent, s.created_at, s.authenticated_at, s.refreshed_at,"
	"         s.expires_at, s.ended_at"
	"    FROM users.session s WHERE s.user_id" EQ "$1 ORDER BY s.id") ","
	"'devices', " LIST(
	"  SELECT d.seen_at FROM users.known_device d WHERE d.user_id" EQ "$1 ORDER BY d.seen_at") ","
	"'roles', " LIST(
	"  SELECT a.role_id, r.name AS role_name, a.domain_id, d.name AS domain_name,"
	"         CASE WHEN a.object_type" NE "'' THEN a.object_type END AS object_type,"
	"         CASE WHEN a.object_type" NE "'' THEN a.object_id END AS object_id, a.granted_at, a.granted_by"
	"    FROM users.role_assignment a JOIN users.role r ON r.id" EQ "a.role_id"
	"    JOIN users.domain d ON d.id" EQ "a.domain_id"
	"   WHERE a.user_id" EQ "$1 ORDER BY a.granted_at, a.role_id") ","
	"'domains_created', " LIST(
	/* What a domain has become is the business of those who are in it. */
	"  SELECT d.id, d.created_at FROM users.domain d WHERE d.created_by" EQ "$1 ORDER BY d.id") ","
	/* Of the received, those of users_invitation_is_for. */
	"'invitations_sent', " LIST(
	"  SELECT i.id, i.domain_id, i.role_id, i.invitee, i.status, i.created_at, i.expires_at, i.answered_at"
	"    FROM users.invitation i WHERE i.inviter_id" EQ "$1 ORDER BY i.id") ","
	"'invitations_received', " LIST(
	"  SELECT i.id, i.domain_id, i.role_id, i.inviter_id, i.invitee, i.status, i.created_at, i.expires_at,"
	"         i.answered_at"
	"    FROM users.invitation i"
	"   WHERE NOT i.by_email AND i.invitee_id" EQ "$1"
	"      OR i.by_email AND i.invitee_key" EQ "(SELECT pg_catalog.lower(a.email COLLATE pg_catalog.\"C\")"
	"           FROM users.account a WHERE a.user_id" EQ "$1 AND a.email_verified_at IS NOT NULL"
	"            AND a.status" NE "'deleted')"
	"      OR i.accepted_by" EQ "$1 ORDER BY i.id") ","
	"'mails', " LIST(
	"  SELECT m.id, m.kind, m.recipient, m.language, m.site, m.state, m.created_at, m.sent_at"
	"    FROM users.mail m WHERE m.user_id" EQ "$1 AND NOT m.nobody ORDER BY m.id") ","
	"'audit', " LIST(
	/* Where somebody else was is not the person's; a DBA is nobody here. */
	"  SELECT e.id, e.occurred_at, e.event, e.outcome, e.actor_id, e.domain_id, e.object_type, e.object_id,"
	"         CASE WHEN o.own THEN e.session_id END AS session_id,"
	"         CASE WHEN o.own THEN e.client_address END AS client_address,"
	"         CASE WHEN o.own THEN e.user_agent END AS user_agent, e.detail"
	"    FROM users.audit_event e CROSS JOIN LATERAL"
	"      (SELECT e.actor_id" EQ "$1 OR e.actor_id IS NULL AND e.event" EQ
	"ANY ('{register,login,login_failed,login_throttled,refresh_reuse,logout,password_reset,reset_requested,email_verified,email_changed}'::pg_catalog.text[]) AS own) o"
	"   WHERE e.user_id" EQ "$1 AND NOT e.nobody ORDER BY e.id") ")",
	  .types = { UUIDOID } },
};
/* clang-format on */

/* Whose: one's own unless an administrator names somebody. Raises. */
static pg_uuid_t
read_subject(const UsersCall *call, FunctionCallInfo fcinfo)
{
	const UsersIdentity *identity = users_identity();
	pg_uuid_t subject;

	if (PG_ARGISNULL(0))
		return users_require_identity()->user_id;
	subject = *PG_GETARG_UUID_P(0);
	if (identity == NULL ||
		memcmp(&identity->user_id, &subject, sizeof(subject)) != 0)
		users_require_administrator(call);
	return subject;
}

/* users_export(user_id uuid) jsonb */
Datum
users_export(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAccount account;
	pg_uuid_t subject;
	Datum value;
	Datum all;
	bool null;

	users_begin(&call, "users_export", USERS_WRITES);
	subject = read_subject(&call, fcinfo);
	users_enter_owner(&call);
	if (!users_find_account(&account, &subject, call.context))
		users_raise(USERS_E_UNKNOWN, "user_id");
	users_audit_caller("exported", &subject, NULL, NULL);
	value = UUIDPGetDatum(&subject);
	(void) users_read(&queries[0], &value, NULL);
	users_copy_row(0, &all, &null, 1, call.context);
	users_leave_owner(&call);
	PG_RETURN_DATUM(all);
}

void
users_init_export(void)
{
	users_register_queries(queries, lengthof(queries));
}
