#include "pg.h"

#include "errors.h"
#include "guard.h"
#include "identity.h"
#include "settings.h"

static ProcessUtility_hook_type next_utility = NULL;
static object_access_hook_type next_access = NULL;

/* ---- cursors WITH HOLD ---- */

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

/* ---- foreign keys to our tables ---- */

/* Whether a relation is a table of ours: in the schema of the tables and a
 * member of the extension. */
static bool
is_our_table(Oid relation)
{
	Oid extension = get_extension_oid("users", true);

	return OidIsValid(extension) &&
		   getExtensionOfObject(RelationRelationId, relation) == extension;
}

/* Fetches a constraint that was made in this very command: it is not in the
 * syscache yet, SnapshotSelf finds it. */
static bool
find_foreign_key(Oid constraint, Form_pg_constraint row, AttrNumber *column,
				 AttrNumber *target)
{
	Relation catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	bool found = false;

	ScanKeyInit(&key, Anum_pg_constraint_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(constraint));
	scan = systable_beginscan(catalog, ConstraintOidIndexId, true, SnapshotSelf,
							  1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple) &&
		((Form_pg_constraint) GETSTRUCT(tuple))->contype == CONSTRAINT_FOREIGN)
	{
		int count;
		AttrNumber columns[INDEX_MAX_KEYS];
		AttrNumber targets[INDEX_MAX_KEYS];
		Oid operators[INDEX_MAX_KEYS];

		found = true;
		*row = *(Form_pg_constraint) GETSTRUCT(tuple);
		DeconstructFkConstraintRow(tuple, &count, columns, targets, operators,
								   NULL, NULL, NULL, NULL);
		*column = count == 1 ? columns[0] : InvalidAttrNumber;
		*target = count == 1 ? targets[0] : InvalidAttrNumber;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/*
 * The check of a foreign key runs as the referenced table's owner, with the
 * casts of the referring column's type: any other type could bring a function
 * of its own along. So only users.person_id may be referred to, and only by
 * plain uuid columns.
 */
static void
judge_foreign_key(Oid constraint)
{
	FormData_pg_constraint row;
	AttrNumber column;
	AttrNumber target;

	if (!find_foreign_key(constraint, &row, &column, &target) ||
		!is_our_table(row.confrelid) || is_our_table(row.conrelid))
		return;
	if (row.confrelid ==
			get_relname_relid("person_id", get_namespace_oid("users", true)) &&
		column != InvalidAttrNumber &&
		get_atttype(row.conrelid, column) == UUIDOID)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg(
			 "a foreign key can refer to users.person_id only, from a column of type uuid"),
		 errdetail("Its checks would run with the rights of users_owner."),
		 errhint("Write user_id uuid REFERENCES users.person_id (user_id)."),
		 users_errhide()));
}

/* ---- dropping what holds the accounts ---- */

static bool
has_accounts(void)
{
	Oid table = get_relname_relid("account", get_namespace_oid("users", true));
	Relation relation;
	TableScanDesc scan;
	TupleTableSlot *slot;
	Snapshot snapshot;
	bool found;

	if (!OidIsValid(table))
		return false;
	relation = table_open(table, AccessShareLock);
	slot = table_slot_create(relation, NULL);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = table_beginscan(relation, snapshot, 0, NULL);
	found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, AccessShareLock);
	return found;
}

static void
judge_drop(Oid class_id, Oid object_id, const char *verb)
{
	Oid extension = get_extension_oid("users", true);

	if (users_settings.allow_drop || !OidIsValid(extension) ||
		!(class_id == ExtensionRelationId
			  ? object_id == extension
			  : getExtensionOfObject(class_id, object_id) == extension) ||
		!has_accounts())
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
		 errmsg("cannot %s what the extension \"users\" keeps its accounts in",
				verb),
		 errdetail("There are accounts, and they would be lost."),
		 errhint(
			 "Make a dump, then SET users.allow_drop = on as a superuser and try again."),
		 users_errhide()));
}

static void
on_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id,
		  void *arg)
{
	if (next_access != NULL)
		next_access(access, class_id, object_id, sub_id, arg);
	if (creating_extension || IsBinaryUpgrade || !IsUnderPostmaster)
		return;
	if (class_id == ConstraintRelationId &&
		(access == OAT_POST_CREATE || access == OAT_POST_ALTER))
		judge_foreign_key(object_id);
	else if (access == OAT_DROP && sub_id == 0 &&
			 !(((ObjectAccessDrop *) arg)->dropflags &
			   PERFORM_DELETION_INTERNAL))
		judge_drop(class_id, object_id, "drop");
	else if (access == OAT_TRUNCATE)
		judge_drop(class_id, object_id, "truncate");
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
	next_access = object_access_hook;
	object_access_hook = on_access;
	RegisterXactCallback(at_transaction_end, NULL);
}
