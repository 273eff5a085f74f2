#include "pg.h"

#include "errors.h"
#include "objects.h"
#include "settings.h"

static object_access_hook_type next_access = NULL;

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

/*
 * Calls judge for each relation that pg_depend knows to depend on an object;
 * the first for which it says true. Finds what this very command has changed.
 */
static Oid
find_dependent(Oid ref_class, Oid ref_object, DependencyType type,
			   bool (*judge)(Oid relation))
{
	Relation catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	Oid found = InvalidOid;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ref_class));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ref_object));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true,
							  SnapshotSelf, 2, keys);
	while (!OidIsValid(found) &&
		   HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		if (row->classid == RelationRelationId && row->objsubid == 0 &&
			row->deptype == (char) type && judge(row->objid))
			found = row->objid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

static bool
is_account_table(Oid relation)
{
	const char *name = get_rel_name(relation);

	return name != NULL && strcmp(name, "account") == 0;
}

static bool
table_has_rows(Oid table)
{
	Relation relation = table_open(table, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(relation, snapshot, 0, NULL);
	bool found = table_scan_getnextslot(scan, ForwardScanDirection, slot);

	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, AccessShareLock);
	return found;
}

/*
 * Whether the table account, whatever its schema is called now, has a row. When
 * there is no such table, this very transaction has dropped it after it was
 * seen to be empty; or it has another name, and nobody knows.
 */
static bool
has_accounts(Oid extension)
{
	static TransactionId seen_empty = InvalidTransactionId;
	Oid table = find_dependent(ExtensionRelationId, extension,
							   DEPENDENCY_EXTENSION, is_account_table);

	if (!OidIsValid(table))
		return seen_empty != GetTopTransactionId();
	if (table_has_rows(table))
		return true;
	seen_empty = GetTopTransactionId();
	return false;
}

static void
refuse_loss(const char *verb)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
		 errmsg("cannot %s what the extension \"users\" keeps its accounts in",
				verb),
		 errdetail(
			 "There are accounts, or their table is not to be found, and they would be lost."),
		 errhint(
			 "Make a dump, then SET users.allow_drop = on as a superuser and try again."),
		 users_errhide()));
}

/* The question is asked at the first member, while there are accounts to be
 * counted. */
static void
judge_drop(Oid class_id, Oid object_id, const char *verb)
{
	Oid extension = get_extension_oid("users", true);

	if (users_settings.allow_drop || !OidIsValid(extension))
		return;
	if (class_id != ExtensionRelationId)
	{
		if (getExtensionOfObject(class_id, object_id) != extension)
			return;
	}
	else if (object_id != extension)
		return;
	if (has_accounts(extension))
		refuse_loss(verb);
}

/* Whether a relation is a member of the extension, this command included. */
static bool
is_member_now(Oid relation)
{
	Relation catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	bool found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, DependDependerIndexId, true,
							  SnapshotSelf, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = ((Form_pg_depend) GETSTRUCT(tuple))->deptype ==
				DEPENDENCY_EXTENSION;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* Whether a relation is a table of users_owner's that belongs to no
 * extension: one of ours that has just been taken out. */
static bool
is_stray_table(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	bool ours;

	if (!HeapTupleIsValid(tuple))
		return false;
	ours = ((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_RELATION &&
		   ((Form_pg_class) GETSTRUCT(tuple))->relowner ==
			   get_role_oid("users_owner", true);
	ReleaseSysCache(tuple);
	return ours && !is_member_now(relation);
}

/* ALTER EXTENSION users DROP TABLE is told only after the fact: a table of the
 * schema users is then nobody's, and the next DROP would take it along. */
static void
judge_membership(Oid extension)
{
	Oid schema = get_namespace_oid("users", true);
	Oid stray;

	if (users_settings.allow_drop || !OidIsValid(schema) ||
		extension != get_extension_oid("users", true))
		return;
	stray = find_dependent(NamespaceRelationId, schema, DEPENDENCY_NORMAL,
						   is_stray_table);
	if (OidIsValid(stray) &&
		(is_account_table(stray) ? table_has_rows(stray)
								 : has_accounts(extension)))
		refuse_loss("take out");
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
	else if (class_id == ExtensionRelationId && access == OAT_POST_ALTER)
		judge_membership(object_id);
	else if (access == OAT_DROP && !(((ObjectAccessDrop *) arg)->dropflags &
									 PERFORM_DELETION_INTERNAL))
		judge_drop(class_id, object_id, "drop");
	/* Before rights are checked: who has none hears that, and no more. */
	else if (access == OAT_TRUNCATE &&
			 pg_class_aclcheck(object_id, GetUserId(), ACL_TRUNCATE) ==
				 ACLCHECK_OK)
		judge_drop(class_id, object_id, "truncate");
}

void
users_init_objects(void)
{
	next_access = object_access_hook;
	object_access_hook = on_access;
}
