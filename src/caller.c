#include "pg.h"

#include "caller.h"
#include "errors.h"
#include "http.h"
#include "identity.h"
#include "log.h"
#include "settings.h"

#define PATIENCE	"2s"
#define PATIENCE_MS 2000

/* users_owner, until any role changes. */
static Oid owner_role = InvalidOid;

Oid
users_role(const char *name)
{
	Oid role = get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the role \"%s\" is missing", name),
			 errhint(
				 "CREATE ROLE %s NOLOGIN; roles are not part of pg_dump, see pg_dumpall --globals-only.",
				 name),
			 users_errhide()));
	return role;
}

/* As PreventCommandIfReadOnly and its like say it, but with the statement kept
 * out of the log: it may hold a password. */
static void
require_writable(const char *shown)
{
	if (RecoveryInProgress())
		ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
						errmsg("cannot execute %s during recovery", shown),
						errhint("Call it on the primary."), users_errhide()));
	if (XactReadOnly)
		ereport(
			ERROR,
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("cannot execute %s in a read-only transaction", shown),
			 errhint(
				 "Call it in a READ WRITE transaction; over HTTP, by POST."),
			 users_errhide()));
	if (IsInParallelMode())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot execute %s during a parallel operation", shown),
				 users_errhide()));
}

/* What writes is refused to GET by its read-only transaction. */
static void
require_body(const char *shown)
{
	if (users_http_is_get())
		ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
						errmsg("cannot execute %s by GET", shown),
						errhint("Call it by POST: addresses are logged."),
						users_errhide()));
}

void
users_begin(UsersCall *call, const char *function, int flags)
{
	char shown[NAMEDATALEN];

	if (!users_preloaded && !(flags & USERS_ANYWHERE))
		users_raise(USERS_E_NO_PRELOAD, NULL);
	snprintf(shown, sizeof(shown), "%s(...)", function);
	if (flags & USERS_SECRET)
	{
		users_hide_statement();
		pgstat_report_activity(STATE_RUNNING, shown);
	}
	if (flags & USERS_WRITES)
		require_writable(shown);
	if (flags & USERS_POSTED)
		require_body(shown);
	call->function = function;
	call->caller = GetUserId();
	call->in_definer = InLocalUserIdChange();
	call->restricted = InSecurityRestrictedOperation();
	call->as_owner = false;
	call->context = CurrentMemoryContext;
	if ((flags & USERS_WRITES) && call->restricted)
		users_raise(USERS_E_RESTRICTED, NULL);
}

bool
users_can_write(void)
{
	/* Recovery makes every transaction of its time READ ONLY. */
	return !XactReadOnly;
}

void
users_enter_owner(UsersCall *call)
{
	Assert(!call->as_owner);
	GetUserIdAndSecContext(&call->saved_user, &call->saved_context);
	if (!OidIsValid(owner_role))
		owner_role = users_role("users_owner");
	SetUserIdAndSecContext(owner_role,
						   call->saved_context | SECURITY_LOCAL_USERID_CHANGE);
	call->as_owner = true;
	SPI_connect();
}

void
users_leave_owner(UsersCall *call)
{
	Assert(call->as_owner);
	SPI_finish();
	SetUserIdAndSecContext(call->saved_user, call->saved_context);
	call->as_owner = false;
}

/* Whether the session's user and the calling role are both superuser or
 * member of the role, and no stranger's function stands between. */
static bool
is_plainly(const UsersCall *call, const char *role)
{
	Oid oid;
	Oid session = GetSessionUserId();

	if (call->restricted ||
		(call->in_definer && call->caller != GetOuterUserId()))
		return false;
	oid = get_role_oid(role, true);
	if (!superuser_arg(session) &&
		!(OidIsValid(oid) && is_member_of_role_nosuper(session, oid)))
		return false;
	return superuser_arg(call->caller) ||
		   (OidIsValid(oid) && is_member_of_role_nosuper(call->caller, oid));
}

bool
users_is_dba(const UsersCall *call)
{
	return !users_identity_present() && is_plainly(call, "users_dba");
}

bool
users_is_administrator(const UsersCall *call)
{
	const UsersIdentity *identity = users_identity();

	if (identity != NULL)
		return identity->is_admin;
	return users_is_dba(call);
}

bool
users_is_service(const UsersCall *call)
{
	if (users_identity_present())
		return users_is_administrator(call);
	return is_plainly(call, "users_service") || users_is_dba(call);
}

void
users_require_administrator(const UsersCall *call)
{
	if (!users_is_administrator(call))
		users_raise(USERS_E_NOT_ADMIN, NULL);
}

void
users_require_service(const UsersCall *call)
{
	if (!users_is_service(call))
		users_raise(USERS_E_NOT_SERVICE, NULL);
}

void
users_require_dba(const UsersCall *call)
{
	if (!users_is_dba(call))
		users_raise(USERS_E_NOT_DBA, NULL);
}

void
users_require_superuser(const UsersCall *call)
{
	if (users_identity_present() || call->restricted ||
		(call->in_definer && call->caller != GetOuterUserId()) ||
		!superuser_arg(call->caller) || !superuser_arg(GetSessionUserId()))
		users_raise(USERS_E_NOT_SUPERUSER, NULL);
}

ErrorData *
users_take_back(MemoryContext context, ResourceOwner owner)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* Rolls the subtransaction back; true when it failed for want of a lock,
 * otherwise raises again what it caught. */
static bool
lock_did_not_come(MemoryContext context, ResourceOwner owner)
{
	ErrorData *error = users_take_back(context, owner);

	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		users_is_busy_error(error))
	{
		FreeErrorData(error);
		return true;
	}
	/* A foreign key is checked with the transaction's snapshot, which does not
	 * see an account that is newer: a race that was lost, too. */
	if (error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		(error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION &&
		 IsolationUsesXactSnapshot()))
		ereport(
			ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errhint(
				 "Somebody else changed the same account or session at this moment. Try the transaction again, or call the function at READ COMMITTED."),
			 users_errhide()));
	error->hide_stmt = true;
	error->hide_ctx = true;
	ReThrowError(error);
	return false;
}

bool
users_with_patience(void (*work)(void *), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		/* As a function's SET clause does: gone at the end, error or not. */
		int nest_level = NewGUCNestLevel();

		if (LockTimeout == 0 || LockTimeout > PATIENCE_MS)
			(void) set_config_option("lock_timeout", PATIENCE, PGC_USERSET,
									 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
									 false);
		work(argument);
		AtEOXact_GUC(true, nest_level);
		done = true;
	}
	PG_CATCH();
	{
		(void) lock_did_not_come(context, owner);
	}
	PG_END_TRY();
	if (!done)
		return false;
	ReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return true;
}

static void
forget_owner(Datum arg, int cache_id, uint32 hash)
{
	owner_role = InvalidOid;
}

void
users_init_caller(void)
{
	CacheRegisterSyscacheCallback(AUTHOID, forget_owner, (Datum) 0);
}

PG_FUNCTION_INFO_V1(users_is_admin);

Datum
users_is_admin(PG_FUNCTION_ARGS)
{
	UsersCall call;

	users_begin(&call, "users_is_admin", USERS_READS | USERS_ANYWHERE);
	PG_RETURN_BOOL(users_is_administrator(&call));
}
