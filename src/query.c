#include "pg.h"

#include "errors.h"
#include "query.h"

#define MODULES_MAX 128

static struct
{
	UsersQuery *queries;
	int count;
} modules[MODULES_MAX];
static int module_count = 0;

void
users_register_queries(UsersQuery *queries, int count)
{
	if (module_count >= MODULES_MAX)
		elog(ERROR, "too many modules with statements");
	modules[module_count].queries = queries;
	modules[module_count].count = count;
	module_count++;
}

/* The statement's plan, made at its first use in this backend. */
static SPIPlanPtr
prepare(UsersQuery *query)
{
	MemoryContext context = CurrentMemoryContext;
	int nargs = 0;
	SPIPlanPtr plan;

	if (query->plan != NULL)
		return query->plan;
	while (nargs < USERS_QUERY_ARGS && OidIsValid(query->types[nargs]))
		nargs++;
	/* All of them go by key: the generic plan is the plan. */
	plan = SPI_prepare_cursor(query->sql, nargs, query->types,
							  CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare a statement: %s",
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	MemoryContextSwitchTo(context);
	query->plan = plan;
	return plan;
}

static void
set_locally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Plans are made once and kept, and what the relay writes is in no statistics:
 * a plan made while a table was small would read all of it ever after. So all
 * go by index. And with force_custom_plan, which callers may set, a plan would
 * hold our parameters as constants, and debug_print_plan show it to them.
 */
static int
settle_plans(void)
{
	int nest_level = NewGUCNestLevel();

	set_locally("enable_seqscan", "off");
	/* What cannot go by index looks dear now, and would be compiled. */
	set_locally("jit", "off");
	if (plan_cache_mode == PLAN_CACHE_MODE_FORCE_CUSTOM_PLAN)
		set_locally("plan_cache_mode", "auto");
	return nest_level;
}

/* Runs a statement under a snapshot. The last result goes, and the memory
 * context is the caller's afterwards, not SPI's: a call that works through
 * thousands of rows would keep them all. */
static uint64
run(UsersQuery *query, const Datum *values, const char *nulls,
	Snapshot snapshot, bool read_only, long limit)
{
	MemoryContext context = CurrentMemoryContext;
	int nest_level = settle_plans();
	SPIPlanPtr plan = prepare(query);
	int code;

	SPI_freetuptable(SPI_tuptable);
	code =
		SPI_execute_snapshot(plan, unconstify(Datum *, values), nulls, snapshot,
							 InvalidSnapshot, read_only, !read_only, limit);
	MemoryContextSwitchTo(context);
	AtEOXact_GUC(true, nest_level);
	if (code < 0)
		elog(ERROR, "a statement failed: %s", SPI_result_code_string(code));
	return SPI_processed;
}

void
users_raise_no_snapshot(void)
{
	elog(ERROR, "there is no active snapshot to read with");
}

Snapshot
users_latest_snapshot(void)
{
	if (IsInParallelMode())
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
			 errmsg("cannot read the newest state during a parallel operation"),
			 errhint(
				 "A function that is marked PARALLEL SAFE or PARALLEL RESTRICTED calls a function of the extension \"users\" that is PARALLEL UNSAFE; mark it so, too."),
			 users_errhide()));
	return RegisterSnapshot(GetLatestSnapshot());
}

static uint64
run_latest(UsersQuery *query, const Datum *values, const char *nulls,
		   bool read_only)
{
	Snapshot snapshot;
	uint64 count;

	/* First: it may wait for a lock. */
	(void) prepare(query);
	snapshot = users_latest_snapshot();
	count = run(query, values, nulls, snapshot, read_only, 0);
	UnregisterSnapshot(snapshot);
	return count;
}

uint64
users_read(UsersQuery *query, const Datum *values, const char *nulls)
{
	return run_latest(query, values, nulls, true);
}

uint64
users_read_seen(UsersQuery *query, const Datum *values, const char *nulls,
				long limit)
{
	return run(query, values, nulls, users_seen_snapshot(), true, limit);
}

uint64
users_write(UsersQuery *query, const Datum *values, const char *nulls)
{
	return run_latest(query, values, nulls, false);
}

void
users_stop_counting(UsersUncounted *uncounted)
{
	uncounted->nest_level = NewGUCNestLevel();
	uncounted->buffers = pgBufferUsage;
	(void) set_config_option("track_counts", "off", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
users_count_again(const UsersUncounted *uncounted)
{
	AtEOXact_GUC(true, uncounted->nest_level);
	pgBufferUsage = uncounted->buffers;
}

void
users_count_inserts(const char *table, int64 n)
{
	Oid schema = get_namespace_oid("users", false);
	Relation relation =
		table_open(get_relname_relid(table, schema), RowExclusiveLock);

	pgstat_count_heap_insert(relation, n);
	table_close(relation, RowExclusiveLock);
}

Datum
users_column(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column,
						 isnull);
}

bool
users_column_is_null(uint64 row, int column)
{
	bool isnull;

	(void) users_column(row, column, &isnull);
	return isnull;
}

int64
users_column_int64(uint64 row, int column, int64 missing)
{
	bool isnull;
	Datum value = users_column(row, column, &isnull);

	return isnull ? missing : DatumGetInt64(value);
}

bool
users_column_bool(uint64 row, int column, bool missing)
{
	bool isnull;
	Datum value = users_column(row, column, &isnull);

	return isnull ? missing : DatumGetBool(value);
}

char *
users_column_text(uint64 row, int column, MemoryContext context)
{
	bool isnull;
	Datum value = users_column(row, column, &isnull);
	MemoryContext old;
	char *copy;

	if (isnull)
		return NULL;
	old = MemoryContextSwitchTo(context);
	copy = TextDatumGetCString(value);
	MemoryContextSwitchTo(old);
	return copy;
}

bool
users_column_bytes(uint64 row, int column, void *out, size_t size)
{
	bool isnull;
	Datum value = users_column(row, column, &isnull);
	bytea *bytes;

	if (isnull)
		return false;
	bytes = DatumGetByteaPP(value);
	if (VARSIZE_ANY_EXHDR(bytes) != size)
		return false;
	memcpy(out, VARDATA_ANY(bytes), size);
	return true;
}

bool
users_column_uuid(uint64 row, int column, pg_uuid_t *out)
{
	bool isnull;
	Datum value = users_column(row, column, &isnull);

	/* Some statements name columns of others' tables. */
	if (SPI_gettypeid(SPI_tuptable->tupdesc, column) != UUIDOID)
		elog(ERROR, "a column is no uuid");
	if (!isnull)
		*out = *DatumGetUUIDP(value);
	return !isnull;
}

void
users_copy_row(uint64 row, Datum *values, bool *nulls, int n,
			   MemoryContext context)
{
	TupleDesc desc = SPI_tuptable->tupdesc;

	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		MemoryContext old;

		values[i] = users_column(row, i + 1, &nulls[i]);
		if (nulls[i])
			continue;
		old = MemoryContextSwitchTo(context);
		values[i] = datumCopy(values[i], column->attbyval, column->attlen);
		MemoryContextSwitchTo(old);
	}
}

Datum
users_bytes_datum(const void *data, size_t n)
{
	bytea *bytes = palloc(VARHDRSZ + n);

	SET_VARSIZE(bytes, VARHDRSZ + n);
	memcpy(VARDATA(bytes), data, n);
	return PointerGetDatum(bytes);
}

PG_FUNCTION_INFO_V1(users_prepare_statements);

/* users.prepare_statements(): prepares every statement, returns their number.
 * As the caller, who needs to be the owner or a superuser. */
Datum
users_prepare_statements(PG_FUNCTION_ARGS)
{
	int count = 0;

	SPI_connect();
	for (int m = 0; m < module_count; m++)
		for (int q = 0; q < modules[m].count; q++, count++)
			(void) prepare(&modules[m].queries[q]);
	SPI_finish();
	PG_RETURN_INT32(count);
}
