#include "pg.h"

#include "account_import.h"
#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "import.h"

PG_FUNCTION_INFO_V1(users_import);

const UsersImportRefusal users_import_refusals[] = {
	[USERS_IMPORT_ID_TAKEN] = { USERS_E_ID_TAKEN, "id" },
	[USERS_IMPORT_EMAIL_TAKEN] = { USERS_E_EMAIL_TAKEN, "email" },
	[USERS_IMPORT_USERNAME_TAKEN] = { USERS_E_USERNAME_TAKEN, "username" },
	[USERS_IMPORT_BUSY] = { USERS_E_BUSY, NULL },
};

/* Raises what stands in an account's way. One that is there already is taken by
 * itself: only a whole table is imported twice. */
static void
require_imported(const UsersImport *import, UsersImportVerdict verdict)
{
	if (verdict == USERS_IMPORTED)
		return;
	if (verdict == USERS_IMPORT_BUSY)
		users_raise_busy();
	if (verdict == USERS_IMPORTED_BEFORE)
		verdict =
			import->has_id ? USERS_IMPORT_ID_TAKEN : USERS_IMPORT_EMAIL_TAKEN;
	users_raise(users_import_refusals[verdict].error,
				users_import_refusals[verdict].argument);
}

/* users_import(email, username, password_hash, first_name, last_name, id,
 * status, platform_role, email_verified_at, language, theme, tags, metadata,
 * admin_metadata, created_at, updated_at) uuid */
Datum
users_import(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersChoices choices;
	UsersImport import;
	const UsersImport *only = &import;
	UsersImportVerdict verdict;
	pg_uuid_t *result;

	users_begin(&call, "users_import", USERS_WRITES | USERS_SECRET);
	users_require_dba(&call);
	users_enter_owner(&call);
	users_read_choices(&choices);
	users_read_import(&import, fcinfo, &choices);
	users_import_accounts(&verdict, &only, 1);
	require_imported(&import, verdict);
	users_audit_caller("account_imported", &import.user_id, NULL, NULL);
	users_leave_owner(&call);
	result = palloc(sizeof(pg_uuid_t));
	*result = import.user_id;
	PG_RETURN_UUID_P(result);
}
