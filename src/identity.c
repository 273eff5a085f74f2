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

UsersPresence users_presence;

/* For the warning about a token given in autocommit mode, beside
 * users_presence.was_read: whether the identity was set outside of a
 * transaction block, and whether this backend has been warned. */
static bool set_outside_block = false;
static bool warned = false;

/*
 * What parallel workers read of their leader's identity: a slot for each
 * backend, by the number of its PGPROC. Its backend alone writes it, never in
 * parallel mode, and waits for its workers before the (sub)transaction ends; so
 * while anybody reads, nothing changes, and no lock is needed.
 */
typedef struct Slot
{
	bool present;
	bool was_read; /* written by workers, for users_presence */
	UsersIdentity identity;
} Slot;

/* NULL without preload, and then nobody can sign in. */
static Slot *slots = NULL;

Size
users_identity_shmem_size(void)
{
	return mul_size((Size) MaxBackends, sizeof(Slot));
}

void
users_identity_shmem_start(void)
{
	bool found;

	slots =
		ShmemInitStruct("users identity", users_identity_shmem_size(), &found);
	if (!found)
		memset(slots, 0, users_identity_shmem_size());
}

static Slot *
slot_of(const PGPROC *process)
{
	ptrdiff_t number = process - ProcGlobal->allProcs;

	/* Those that run queries come first; the others are the server's own. */
	if (number < 0 || number >= MaxBackends)
		elog(ERROR, "a process without queries asks for an identity");
	return &slots[number];
}

/* After each change of top. */
static void
publish(void)
{
	Slot *slot;

	users_presence.identity = top == NULL ? NULL : &top->identity;
	if (slots == NULL)
		return;
	slot = slot_of(MyProc);
	slot->present = top != NULL;
	slot->was_read = false;
	if (top != NULL)
		slot->identity = top->identity;
}

/* A worker is a member of its leader's lock group, whose PGPROC goes to no
 * other backend before the group is empty. */
const UsersIdentity *
users_leaders_identity(void)
{
	Slot *slot;

	if (!IsParallelWorker() || slots == NULL)
		return NULL;
	slot = slot_of(MyProc->lockGroupLeader);
	if (!slot->was_read)
		slot->was_read = true;
	if (slot->present)
		users_presence.identity = &slot->identity;
	return users_presence.identity;
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
	publish();
	set_outside_block = !IsTransactionBlock() && level == 1;
	users_presence.was_read = false;
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
	if (top == NULL || !set_outside_block || users_presence.was_read ||
		warned || (slots != NULL && slot_of(MyProc)->was_read))
		return;
	warned = true;
	ereport(
		WARNING,
		(errmsg("the identity ended with the statement that set it"),
		 errhint(
			 "Call users_authenticate after BEGIN, in the transaction of the statements that it is for."),
		 users_errhide()));
}

/* Takes back what was set at a level or above it. */
static void
forget(int level)
{
	if (top == NULL || top->level < level)
		return;
	while (top != NULL && top->level >= level)
		top = top->below;
	publish();
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
			forget(0);
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
		forget(level);
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
