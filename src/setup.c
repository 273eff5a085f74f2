#include "pg.h"

#include "caller.h"
#include "errors.h"
#include "key.h"
#include "query.h"
#include "setup.h"

PG_FUNCTION_INFO_V1(users_setup_login);
PG_FUNCTION_INFO_V1(users_setup_owner);

enum
{
	FIND_POWER,
	API_SCHEMA
};

/* clang-format off */
static UsersQuery queries[] = {
	/* Roles that a login with other people's requests must not be able to
	 * switch to; itself among them. */
	[FIND_POWER] = {
		.sql = "SELECT r.rolname FROM pg_catalog.pg_roles r"
			   " WHERE (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolname" EQ "        ANY ('{users_dba,users_service,users_relay,users_owner,pg_execute_server_program,pg_read_server_files,pg_write_server_files,pg_read_all_data,pg_write_all_data}'::pg_catalog.name[]))"
			   "   AND pg_catalog.pg_has_role($1, r.oid, 'MEMBER')"
			   " ORDER BY r.rolname LIMIT 1",
		.types = { OIDOID } },
	[API_SCHEMA] = {
		.sql = "SELECT n.nspname FROM pg_catalog.pg_extension e, pg_catalog.pg_namespace n"
			   " WHERE e.extname" EQ "'users' AND n.oid" EQ "e.extnamespace" },
};
/* clang-format on */

/* What a set-up does and says. */
typedef struct Setup
{
	Oid role;
	const char *name;	/* quoted */
	const char *schema; /* quoted */
	ArrayBuildState *lines;
	MemoryContext context;
} Setup;

/* Runs one statement as the caller, a superuser, and notes it. */
static void run(Setup *setup, const char *format, ...)
	pg_attribute_printf(2, 3);

static void
run(Setup *setup, const char *format, ...)
{
	char statement[4 * NAMEDATALEN + 256];
	va_list args;
	int code;

	va_start(args, format);
	(void) vsnprintf(statement, sizeof(statement), format, args);
	va_end(args);
	code = SPI_execute(statement, false, 0);
	if (code < 0)
		elog(ERROR, "a statement failed: %s", SPI_result_code_string(code));
	setup->lines =
		accumArrayResult(setup->lines, CStringGetTextDatum(statement), false,
						 TEXTOID, setup->context);
}

static void
refuse(const Setup *setup, const char *why, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the role %s cannot be prepared", setup->name),
			 errdetail("%s", why), errhint("%s", hint), users_errhide()));
}

/* Common beginning: a superuser, connected to SPI; the role exists and is none
 * of ours. */
static void
begin_setup(UsersCall *call, Setup *setup, FunctionCallInfo fcinfo,
			const char *function, const char *argument)
{
	char *name;

	users_begin(call, function, USERS_WRITES);
	users_require_superuser(call);
	if (PG_ARGISNULL(0))
		users_raise_detail(USERS_E_WORD, argument, "It is the name of a role.");
	setup->role = PG_GETARG_OID(0);
	setup->context = call->context;
	setup->lines = NULL;
	name = GetUserNameFromId(setup->role, true);
	if (name == NULL)
		users_raise_detail(USERS_E_WORD, argument, "There is no such role.");
	setup->name = pstrdup(quote_identifier(name));
	if (strncmp(name, "users_", 6) == 0 || strncmp(name, "pg_", 3) == 0)
		refuse(
			setup,
			"Roles whose names begin with users_ or pg_ are not logins of an application.",
			"Make a role of your own.");
	SPI_connect();
	(void) users_read(&queries[API_SCHEMA], NULL, NULL);
	setup->schema = pstrdup(quote_identifier(
		SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1)));
}

static Datum
end_setup(UsersCall *call, Setup *setup)
{
	SPI_finish();
	users_enter_owner(call);
	users_make_keys();
	users_leave_owner(call);
	return makeArrayResult(setup->lines, CurrentMemoryContext);
}

/* Raises 55000 for a login with more power than it may have. */
static void
judge_login(const Setup *setup)
{
	Datum value = ObjectIdGetDatum(setup->role);

	if (users_read(&queries[FIND_POWER], &value, NULL) > 0)
	{
		char *power =
			SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		refuse(
			setup,
			psprintf(
				"It is, or may switch to, the role \"%s\"; SQL slipped into a request could too.",
				power),
			"Use a login of its own for other people's requests, without SUPERUSER, BYPASSRLS and CREATEROLE.");
	}
#if PG_VERSION_NUM < 160000
	{
		HeapTuple tuple = SearchSysCache1(AUTHOID, value);
		bool inherits = HeapTupleIsValid(tuple) &&
						((Form_pg_authid) GETSTRUCT(tuple))->rolinherit;

		ReleaseSysCache(tuple);
		if (inherits)
			refuse(
				setup,
				"It inherits: it would have a member's rights before anybody is signed in.",
				psprintf("ALTER ROLE %s NOINHERIT;", setup->name));
	}
#endif
}

/* Membership without inheriting: a property of the login on 15, of the grant
 * from 16 on. */
#if PG_VERSION_NUM >= 160000
#define TO_SWITCH " WITH INHERIT FALSE, SET TRUE"
#else
#define TO_SWITCH ""
#endif

/* Grants or takes away a membership. */
static void
set_membership(Setup *setup, const char *role, bool wanted)
{
	Oid oid = users_role(role);

	if (wanted)
		run(setup, "GRANT %s TO %s" TO_SWITCH, role, setup->name);
	else if (is_member_of_role_nosuper(setup->role, oid))
	{
		run(setup, "REVOKE %s FROM %s", role, setup->name);
		if (is_member_of_role_nosuper(setup->role, oid))
			refuse(
				setup,
				psprintf("Through another role it is still a member of \"%s\".",
						 role),
				"Revoke that role from it.");
	}
}

/* users_setup_login(login regrole, admin boolean, trusted_client boolean)
 * text[] */
Datum
users_setup_login(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Setup setup;

	begin_setup(&call, &setup, fcinfo, "users_setup_login", "login");
	judge_login(&setup);
	set_membership(&setup, "users_anon", true);
	set_membership(&setup, "users_member", true);
	set_membership(&setup, "users_admin",
				   !PG_ARGISNULL(1) && PG_GETARG_BOOL(1));
	set_membership(&setup, "users_proxy",
				   !PG_ARGISNULL(2) && PG_GETARG_BOOL(2));
	run(&setup, "GRANT USAGE ON SCHEMA %s TO %s", setup.schema, setup.name);
	run(&setup,
		"GRANT EXECUTE ON FUNCTION %s.users_authenticate(pg_catalog.text), %s.users_pre_config() TO %s",
		setup.schema, setup.schema, setup.name);
	if (has_privs_of_role(setup.role, users_role("users_member")))
		refuse(&setup,
			   "Through another role it still inherits a member's rights.",
			   "Revoke that role, or grant it WITH INHERIT FALSE.");
	PG_RETURN_DATUM(end_setup(&call, &setup));
}

/* users_setup_owner(owner regrole) text[] */
Datum
users_setup_owner(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Setup setup;

	begin_setup(&call, &setup, fcinfo, "users_setup_owner", "owner");
	run(&setup, "GRANT USAGE ON SCHEMA users TO %s", setup.name);
	run(&setup, "GRANT REFERENCES (user_id) ON users.person_id TO %s",
		setup.name);
	run(&setup, "GRANT USAGE ON SCHEMA %s TO %s", setup.schema, setup.name);
	PG_RETURN_DATUM(end_setup(&call, &setup));
}

void
users_init_setup(void)
{
	users_register_queries(queries, lengthof(queries));
}
