#include "pg.h"

#include "lookup.h"

#define LOOKUPS_MAX 8

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

/* Opens the table, and finds its columns' numbers unless they are known. */
static Relation
open_table(UsersLookup *lookup)
{
	Oid oid = lookup->relation;
	Relation relation;

	if (!OidIsValid(oid))
		oid =
			get_relname_relid(lookup->table, get_namespace_oid("users", false));
	relation = table_open(oid, AccessShareLock);
	/* Taking the lock may have brought the news of a change. */
	if (lookup->relation == oid)
		return relation;
	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
	{
		lookup->numbers[i] = get_attnum(oid, lookup->columns[i]);
		if (lookup->numbers[i] == InvalidAttrNumber)
			elog(ERROR, "column \"%s\" of \"%s\" is missing",
				 lookup->columns[i], lookup->table);
	}
	lookup->relation = oid;
	return relation;
}

static void
take_columns(UsersFound *found, const UsersLookup *lookup, TupleDesc desc)
{
	Datum *values = palloc(sizeof(Datum) * (Size) desc->natts);
	bool *nulls = palloc(sizeof(bool) * (Size) desc->natts);

	heap_deform_tuple(found->tuple, desc, values, nulls);
	for (int i = 0; i < USERS_LOOKUP_COLUMNS && lookup->columns[i]; i++)
	{
		found->values[i] = values[lookup->numbers[i] - 1];
		found->nulls[i] = nulls[lookup->numbers[i] - 1];
	}
	pfree(values);
	pfree(nulls);
}

bool
users_lookup(UsersFound *found, UsersLookup *lookup, const Datum *key,
			 Snapshot snapshot)
{
	Relation relation = open_table(lookup);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;

	for (int i = 0; i < lookup->key_columns; i++)
		ScanKeyInit(&keys[i], lookup->numbers[i], BTEqualStrategyNumber,
					lookup->equal[i], key[i]);
	scan = systable_beginscan(relation, users_primary_key(relation), true,
							  snapshot, lookup->key_columns, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		found->tuple = heap_copytuple(tuple);
		take_columns(found, lookup, RelationGetDescr(relation));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return HeapTupleIsValid(tuple);
}
