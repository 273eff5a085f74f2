#include "pg.h"

#include "errors.h"
#include "guard.h"
#include "identity.h"

static ProcessUtility_hook_type next_utility = NULL;

/* Whether this transaction has declared one at all, and which. */
static List *held = NIL;

void
users_refuse_held_cursors(void)
{
	ListCell *cell;

	foreach (cell, held)
	{
		Portal portal = GetPortalByName(lfirst(cell));

		/* One that an earlier transaction filled has no creating
		 * subtransaction any more, and shows what that one saw. */
		if (portal != NULL && portal->createSubid != InvalidSubTransactionId &&
			(portal->cursorOptions & CURSOR_OPT_HOLD))
			ereport(
				ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this transaction has declared a cursor WITH HOLD"),
				 errdetail(
					 "It would be filled at commit with the identity that is being taken on, and outlive it."),
				 errhint(
					 "Call users_authenticate first in a transaction, and declare cursors WITHOUT HOLD."),
				 users_errhide()));
	}
}

static void
judge_cursor(const DeclareCursorStmt *statement)
{
	MemoryContext old;

	if (!(statement->options & CURSOR_OPT_HOLD))
		return;
	if (users_identity_present())
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "a cursor WITH HOLD cannot be declared while somebody is signed in"),
			 errdetail(
				 "Its rows would outlive the identity and meet the connection's next client."),
			 errhint("Declare it WITHOUT HOLD."), users_errhide()));
	old = MemoryContextSwitchTo(TopTransactionContext);
	held = lappend(held, pstrdup(statement->portalname));
	MemoryContextSwitchTo(old);
}

/* LOCK TABLE needs no more than a grant of UPDATE or DELETE, which signed-in
 * people have on protected tables: one of them could stop everybody. */
static void
judge_lock(void)
{
	static const char *const roles[] = { "users_anon", "users_member",
										 "users_admin" };
	bool refused = users_identity_present();

	for (size_t i = 0; !refused && i < lengthof(roles); i++)
		refused = GetUserId() == get_role_oid(roles[i], true);
	if (refused)
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("LOCK TABLE is not for people who sign in"),
			 errhint("Use SELECT ... FOR UPDATE on the rows that you need."),
			 users_errhide()));
}

static void
on_utility(PlannedStmt *statement, const char *text, bool read_only,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *environment, DestReceiver *receiver,
		   QueryCompletion *completion)
{
	if (IsA(statement->utilityStmt, DeclareCursorStmt))
		judge_cursor(castNode(DeclareCursorStmt, statement->utilityStmt));
	else if (IsA(statement->utilityStmt, LockStmt))
		judge_lock();
	if (next_utility != NULL)
		next_utility(statement, text, read_only, context, params, environment,
					 receiver, completion);
	else
		standard_ProcessUtility(statement, text, read_only, context, params,
								environment, receiver, completion);
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
		held = NIL;
}

void
users_init_guard(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = on_utility;
	RegisterXactCallback(at_transaction_end, NULL);
}
