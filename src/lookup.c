#include "pg.h"

#include "lookup.h"

#define LOOKUPS_MAX 16

static UsersLookup *lookups[LOOKUPS_MAX];
static int lookup_count = 0;

void
users_register_lookup(UsersLookup *lookup)
{
	if (lookup_count >= LOOKUPS_MAX)
		elog(ERROR, "too many lookups");
	lookups[lookup_count++] = lookup;
}

/* A relation changed, or all of them may have (InvalidOid). */
static void
forget(Datum arg, Oid relation)
{
	for (int i = 0; i < lookup_count; i++)
		if (!OidIsValid(relation) || lookups[i]->relation == relation)
			lookups[i]->relation = InvalidOid;
}

void
users_init_lookup(void)
{
	CacheRegisterRelcacheCallback(forget, (Datum) 0);
}

/* The numbers of the columns in the table, and of the key's in the index. */
static void
learn(UsersLookup *lookup, Relation table)
{
	Relation index;

	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
	{
		lookup->numbers[i] =
			get_attnum(RelationGetRelid(table), lookup->columns[i]);
		if (lookup->numbers[i] == InvalidAttrNumber)
			elog(ERROR, "column \"%s\" of \"%s\" is missing",
				 lookup->columns[i], lookup->table);
	}
	lookup->index = users_primary_key(table);
	index = index_open(lookup->index, AccessShareLock);
	for (int i = 0; i < lookup->key_columns; i++)
	{
		int place = 0;

		while (index->rd_index->indkey.values[place] != lookup->numbers[i])
			if (++place == IndexRelationGetNumberOfKeyAttributes(index))
				elog(ERROR, "\"%s\" is not in the key of \"%s\"",
					 lookup->columns[i], lookup->table);
		lookup->places[i] = (AttrNumber) (place + 1);
	}
	index_close(index, AccessShareLock);
	lookup->relation = RelationGetRelid(table);
}

static Relation
open_table(UsersLookup *lookup)
{
	Oid oid = lookup->relation;
	Relation table;

	if (!OidIsValid(oid))
		oid =
			get_relname_relid(lookup->table, get_namespace_oid("users", false));
	table = table_open(oid, AccessShareLock);
	/* Taking the lock may have brought the news of a change. */
	if (lookup->relation != oid)
		learn(lookup, table);
	return table;
}

/* By the first columns of the key. */
static void
open_index(UsersScan *scan, Snapshot snapshot)
{
	scan->index = index_open(scan->lookup->index, AccessShareLock);
	scan->scan =
		users_index_beginscan(scan->table, scan->index, snapshot, scan->keys);
}

static void
close_index(const UsersScan *scan)
{
	index_endscan(scan->scan);
	index_close(scan->index, AccessShareLock);
}

void
users_scan_open(UsersScan *scan, UsersLookup *lookup, int keys,
				Snapshot snapshot)
{
	scan->lookup = lookup;
	scan->keys = keys;
	scan->table = open_table(lookup);
	scan->slot = table_slot_create(scan->table, NULL);
	open_index(scan, snapshot);
}

void
users_scan_find(UsersScan *scan, const Datum *key)
{
	const UsersLookup *lookup = scan->lookup;
	ScanKeyData keys[USERS_LOOKUP_KEYS];

	for (int i = 0; i < scan->keys; i++)
		ScanKeyInit(&keys[i], lookup->places[i], BTEqualStrategyNumber,
					lookup->equal[i], key[i]);
	index_rescan(scan->scan, keys, scan->keys, NULL, 0);
}

static void
take(UsersFound *found, const UsersLookup *lookup, TupleTableSlot *slot)
{
	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
		found->values[i] =
			slot_getattr(slot, lookup->numbers[i], &found->nulls[i]);
}

bool
users_scan_next(UsersScan *scan, UsersFound *found)
{
	if (!index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot))
		return false;
	take(found, scan->lookup, scan->slot);
	return true;
}

void
users_scan_close(UsersScan *scan)
{
	close_index(scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	table_close(scan->table, AccessShareLock);
}

/* Values of its own, in the present memory context. */
static void
keep(UsersFound *found, const UsersLookup *lookup, TupleDesc desc)
{
	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, lookup->numbers[i] - 1);

		if (!found->nulls[i])
			found->values[i] =
				datumCopy(found->values[i], column->attbyval, column->attlen);
	}
}

bool
users_lookup(UsersFound *found, UsersLookup *lookup, const Datum *key,
			 Snapshot snapshot)
{
	UsersWhereabouts unknown = { 0 };

	return users_lookup_near(found, lookup, key, snapshot, &unknown);
}

/* ---- without the index ---- */

/* Whether the row in the slot has this key. */
static bool
has_key(const UsersLookup *lookup, TupleTableSlot *slot, const Datum *key)
{
	for (int i = 0; i < lookup->key_columns; i++)
	{
		AttrNumber number = lookup->numbers[i];
		Form_pg_attribute column =
			TupleDescAttr(slot->tts_tupleDescriptor, number - 1);
		bool isnull;
		Datum value = slot_getattr(slot, number, &isnull);

		if (isnull ||
			!datum_image_eq(value, key[i], column->attbyval, column->attlen))
			return false;
	}
	return true;
}

/* Whether the row is where it was. The buffer is pinned first: it holds this
 * block only while the table has one, so the table need not be asked for its
 * size. */
static bool
is_there(const UsersScan *scan, const Datum *key, Snapshot snapshot,
		 UsersWhereabouts *where)
{
	bool there;

	if (!BufferIsValid(where->buffer) ||
		!ReadRecentBuffer(users_storage(scan->table), MAIN_FORKNUM,
						  ItemPointerGetBlockNumber(&where->at), where->buffer))
		return false;
	there = table_tuple_fetch_row_version(scan->table, &where->at, snapshot,
										  scan->slot) &&
			has_key(scan->lookup, scan->slot, key);
	ReleaseBuffer(where->buffer);
	return there;
}

static bool
find(UsersScan *scan, const Datum *key, Snapshot snapshot,
	 UsersWhereabouts *where)
{
	bool there;

	open_index(scan, snapshot);
	users_scan_find(scan, key);
	there = index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot);
	if (there)
	{
		where->at = scan->slot->tts_tid;
		where->buffer = ((BufferHeapTupleTableSlot *) scan->slot)->buffer;
	}
	close_index(scan);
	return there;
}

bool
users_lookup_near(UsersFound *found, UsersLookup *lookup, const Datum *key,
				  Snapshot snapshot, UsersWhereabouts *where)
{
	UsersScan scan = { .lookup = lookup,
					   .table = open_table(lookup),
					   .keys = lookup->key_columns };
	bool there;

	scan.slot = table_slot_create(scan.table, NULL);
	there = is_there(&scan, key, snapshot, where) ||
			find(&scan, key, snapshot, where);
	if (there)
	{
		take(found, lookup, scan.slot);
		keep(found, lookup, RelationGetDescr(scan.table));
	}
	ExecDropSingleTupleTableSlot(scan.slot);
	table_close(scan.table, AccessShareLock);
	return there;
}
