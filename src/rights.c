#include "pg.h"

#include "caller.h"
#include "errors.h"
#include "identity.h"
#include "query.h"
#include "rights.h"

enum
{
	FIND_DANGEROUS_ROLE
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_DANGEROUS_ROLE] = {
		.sql = "WITH RECURSIVE held (oid) AS ("
			   "  SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname" EQ "$1"
			   "  UNION"
			   "  SELECT m.roleid FROM pg_catalog.pg_auth_members m, held h WHERE m.member" EQ "h.oid)"
			   " SELECT 1 FROM held h, pg_catalog.pg_roles r"
			   "  WHERE r.oid" EQ "h.oid"
			   "    AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb"
			   "         OR r.rolreplication OR r.rolcanlogin"
			   "         OR r.rolname OPERATOR(pg_catalog.~) '^pg_'"
			   "         OR r.rolname" EQ "ANY ('{users_owner,users_relay,users_service,users_dba,users_proxy}'::pg_catalog.name[]))",
		.types = { NAMEOID } },
};
/* clang-format on */

/* Roles found harmless, [0] users_member and [1] users_admin; forgotten when
 * any role or membership changes. */
static bool role_is_harmless[2] = { false, false };

/* The login that was found not to inherit a member's rights; likewise. */
static Oid fit_login = InvalidOid;

/* Counts such changes: a verdict counts only when none came while it was
 * reached, and none is kept when an error came first. */
static uint64 role_changes = 0;

static void
forget_roles(Datum arg, int cache_id, uint32 hash)
{
	role_changes++;
	role_is_harmless[0] = role_is_harmless[1] = false;
	fit_login = InvalidOid;
}

void
users_check_token_role(bool is_admin)
{
	const char *name = users_role_name(is_admin);
	NameData role;
	Datum value = NameGetDatum(&role);
	uint64 changes = role_changes;

	if (role_is_harmless[is_admin])
		return;
	(void) users_role(name);
	namestrcpy(&role, name);
	if (users_read(&queries[FIND_DANGEROUS_ROLE], &value, NULL) == 0)
	{
		role_is_harmless[is_admin] = changes == role_changes;
		return;
	}
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("no token can be made for the role \"%s\"", name),
		 errdetail(
			 "The role, or one that it is a member of, may log in, has an attribute such as SUPERUSER or CREATEROLE, or is one of PostgreSQL's predefined roles."),
		 errhint("Revoke that membership or attribute."), users_errhide()));
}

void
users_check_login(void)
{
	Oid login = GetSessionUserId();
	uint64 changes = role_changes;
	Oid dba;

	if (login == fit_login)
		return;
	dba = get_role_oid("users_dba", true);
	if (superuser_arg(login) ||
		(OidIsValid(dba) && is_member_of_role_nosuper(login, dba)) ||
		!has_privs_of_role(login, users_role("users_member")))
	{
		if (changes == role_changes)
			fit_login = login;
		return;
	}
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("this login inherits the rights of \"users_member\""),
		 errdetail(
			 "A request that forgets to authenticate would have them too."),
		 errhint(
			 "Prepare the login with users_setup_login, which says what to change."),
		 users_errhide()));
}

void
users_init_rights(void)
{
	users_register_queries(queries, lengthof(queries));
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, forget_roles, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, forget_roles, (Datum) 0);
}
