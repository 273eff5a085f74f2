#include "pg.h"

#include "errors.h"
#include "identity.h"

/* One identity and the nesting level of the (sub)transaction that set it. */
typedef struct Entry
{
	struct Entry *below;
	int level;
	UsersIdentity identity;
} Entry;

static Entry *top = NULL;

/* For the warning about a token given in autocommit mode: whether the identity
 * was set outside of a transaction block, whether anything has asked for it
 * since, and whether this backend has been warned. */
static bool set_outside_block = false;
static bool was_read = false;
static bool warned = false;

static bool
is_expired(const Entry *entry)
{
	/* By the statement's start: by the clock, a scan would be cut short. */
	return entry->identity.expires_at <= GetCurrentStatementStartTimestamp();
}

const UsersIdentity *
users_identity(void)
{
	if (unlikely(IsParallelWorker()))
		ereport(
			ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the identity is not known in a parallel worker"),
			 errhint(
				 "A function that is marked PARALLEL SAFE calls a function of the extension \"users\" that is not; mark it PARALLEL RESTRICTED."),
			 users_errhide()));
	was_read = true;
	if (top == NULL || is_expired(top))
		return NULL;
	return &top->identity;
}

bool
users_identity_present(void)
{
	was_read = true;
	return top != NULL;
}

const UsersIdentity *
users_require_identity(void)
{
	const UsersIdentity *identity = users_identity();

	if (identity == NULL)
		users_raise(USERS_E_NO_IDENTITY, NULL);
	return identity;
}

void
users_identity_set(const UsersIdentity *identity)
{
	int level = GetCurrentTransactionNestLevel();

	if (top == NULL || top->level < level)
	{
		Entry *entry = MemoryContextAlloc(TopTransactionContext, sizeof(Entry));

		entry->below = top;
		entry->level = level;
		top = entry;
	}
	top->identity = *identity;
	set_outside_block = !IsTransactionBlock() && level == 1;
	was_read = false;
}

const char *
users_role_name(bool is_admin)
{
	return is_admin ? "users_admin" : "users_member";
}

/* Common mistake: SELECT users_authenticate(...) in autocommit mode, where the
 * identity ends with the statement. */
static void
warn_autocommit(void)
{
	if (top == NULL || !set_outside_block || was_read || warned)
		return;
	warned = true;
	ereport(
		WARNING,
		(errmsg("the identity ended with the statement that set it"),
		 errhint(
			 "Call users_authenticate after BEGIN, in the transaction of the statements that it is for."),
		 users_errhide()));
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			/* Deferred triggers have run; from here on nothing asks. */
			warn_autocommit();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:
			/* The entries go with TopTransactionContext. */
			top = NULL;
			break;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			break;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact,
					  SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (top != NULL && top->level >= level)
			top = top->below;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB && top != NULL &&
			 top->level >= level)
	{
		/* RELEASE keeps it, as the role is kept: it becomes the parent's. */
		top->level = level - 1;
		if (top->below != NULL && top->below->level >= top->level)
			top->below = top->below->below;
	}
}

void
users_init_identity(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}

PG_FUNCTION_INFO_V1(users_current_user_id);
PG_FUNCTION_INFO_V1(users_current_session_id);
PG_FUNCTION_INFO_V1(users_current_role);

/* A copy of a UUID as a result. */
static Datum
uuid_result(const pg_uuid_t *uuid)
{
	pg_uuid_t *copy = palloc(sizeof(pg_uuid_t));

	*copy = *uuid;
	return UUIDPGetDatum(copy);
}

Datum
users_current_user_id(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();

	if (identity == NULL)
		PG_RETURN_NULL();
	return uuid_result(&identity->user_id);
}

Datum
users_current_session_id(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();

	if (identity == NULL)
		PG_RETURN_NULL();
	return uuid_result(&identity->session_id);
}

Datum
users_current_role(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();

	if (identity == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(users_role_name(identity->is_admin)));
}
