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

void
users_scan_open(UsersScan *scan, UsersLookup *lookup, int keys,
				Snapshot snapshot)
{
	scan->lookup = lookup;
	scan->table = open_table(lookup);
	scan->slot = table_slot_create(scan->table, NULL);
	scan->snapshot = snapshot;
	scan->keys = keys;
	scan->index = NULL;
}

void
users_scan_close(UsersScan *scan)
{
	if (scan->index != NULL)
	{
		index_endscan(scan->scan);
		index_close(scan->index, AccessShareLock);
	}
	ExecDropSingleTupleTableSlot(scan->slot);
	table_close(scan->table, AccessShareLock);
}

/* ---- by the index ---- */

void
users_scan_find(UsersScan *scan, const Datum *key)
{
	const UsersLookup *lookup = scan->lookup;
	ScanKeyData keys[USERS_LOOKUP_KEYS];

	if (scan->index == NULL)
	{
		scan->index = index_open(lookup->index, AccessShareLock);
		scan->scan = users_index_beginscan(scan->table, scan->index,
										   scan->snapshot, scan->keys);
	}
	for (int i = 0; i < scan->keys; i++)
		ScanKeyInit(&keys[i], lookup->places[i], BTEqualStrategyNumber,
					lookup->equal[i], key[i]);
	index_rescan(scan->scan, keys, scan->keys, NULL, 0);
}

static bool
is_next(const UsersScan *scan)
{
	return index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot);
}

static void
take(UsersFound *found, const UsersScan *scan)
{
	const UsersLookup *lookup = scan->lookup;

	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
		found->values[i] =
			slot_getattr(scan->slot, lookup->numbers[i], &found->nulls[i]);
}

bool
users_scan_next(UsersScan *scan, UsersFound *found)
{
	if (!is_next(scan))
		return false;
	take(found, scan);
	return true;
}

/* ---- without the index ---- */

static const FormData_pg_attribute *
column(const UsersScan *scan, int i)
{
	return TupleDescAttr(RelationGetDescr(scan->table),
						 scan->lookup->numbers[i] - 1);
}

/* Keys are UUIDs and short texts; of both the end differs most. */
static UsersWhereabouts *
place_of(const UsersScan *scan, const Datum *key)
{
	uint32 hash = 0;

	for (int i = 0; i < scan->keys; i++)
	{
		if (column(scan, i)->attlen == UUID_LEN)
		{
			uint32 end;

			memcpy(&end, DatumGetUUIDP(key[i])->data + UUID_LEN - sizeof(end),
				   sizeof(end));
			hash = hash * 31 + end;
		}
		else
		{
			const text *word = DatumGetTextPP(key[i]);

			hash = hash * 31 + hash_bytes((const uint8 *) VARDATA_ANY(word),
										  (int) VARSIZE_ANY_EXHDR(word));
		}
	}
	return &scan->lookup->seen[hash % USERS_LOOKUP_SEEN];
}

/* Whether the row in the slot has this key. */
static bool
has_key(const UsersScan *scan, const Datum *key)
{
	for (int i = 0; i < scan->keys; i++)
	{
		const FormData_pg_attribute *attribute = column(scan, i);
		bool isnull;
		Datum value =
			slot_getattr(scan->slot, scan->lookup->numbers[i], &isnull);

		if (isnull || !datum_image_eq(value, key[i], attribute->attbyval,
									  attribute->attlen))
			return false;
	}
	return true;
}

/* Whether the row is where it was. It counts when it has this key and the
 * snapshot sees it, as only one version of a row can be seen. The buffer is
 * pinned first: it holds this block only while the table has one, so the table
 * need not be asked for its size. */
static bool
is_there(const UsersScan *scan, const Datum *key, UsersWhereabouts *where)
{
	bool there;

	if (!BufferIsValid(where->buffer) ||
		!ReadRecentBuffer(users_storage(scan->table), MAIN_FORKNUM,
						  ItemPointerGetBlockNumber(&where->at), where->buffer))
		return false;
	there = table_tuple_fetch_row_version(scan->table, &where->at,
										  scan->snapshot, scan->slot) &&
			has_key(scan, key);
	ReleaseBuffer(where->buffer);
	return there;
}

bool
users_scan_get(UsersScan *scan, UsersFound *found, const Datum *key)
{
	UsersWhereabouts *where = place_of(scan, key);

	Assert(scan->keys == scan->lookup->key_columns);
	if (!is_there(scan, key, where))
	{
		users_scan_find(scan, key);
		if (!is_next(scan))
			return false;
		where->at = scan->slot->tts_tid;
		where->buffer = ((BufferHeapTupleTableSlot *) scan->slot)->buffer;
	}
	take(found, scan);
	return true;
}

/* Values of its own, in the present memory context. */
static void
keep(UsersFound *found, const UsersScan *scan)
{
	const UsersLookup *lookup = scan->lookup;

	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
		if (!found->nulls[i])
			found->values[i] =
				datumCopy(found->values[i], column(scan, i)->attbyval,
						  column(scan, i)->attlen);
}

bool
users_lookup(UsersFound *found, UsersLookup *lookup, const Datum *key,
			 Snapshot snapshot)
{
	UsersScan scan;
	bool there;

	users_scan_open(&scan, lookup, lookup->key_columns, snapshot);
	there = users_scan_get(&scan, found, key);
	if (there)
		keep(found, &scan);
	users_scan_close(&scan);
	return there;
}
