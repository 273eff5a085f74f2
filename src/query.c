#include "pg.h"

#include "query.h"

#define MODULES_MAX 32

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
	query->plan = plan;
	return plan;
}

/*
 * With force_custom_plan, which callers may set, a plan holds our parameters as
 * constants, and debug_print_plan shows it to them.
 */
static int
forbid_custom_plans(void)
{
	int nest_level;

	if (plan_cache_mode != PLAN_CACHE_MODE_FORCE_CUSTOM_PLAN)
		return 0;
	nest_level = NewGUCNestLevel();
	(void) set_config_option("plan_cache_mode", "auto", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}

/* Runs a statement under the newest snapshot. */
static void
run_latest(UsersQuery *query, const Datum *values, const char *nulls,
		   bool read_only)
{
	int nest_level = forbid_custom_plans();
	SPIPlanPtr plan = prepare(query);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	int code =
		SPI_execute_snapshot(plan, unconstify(Datum *, values), nulls, snapshot,
							 InvalidSnapshot, read_only, !read_only, 0);

	UnregisterSnapshot(snapshot);
	if (nest_level > 0)
		AtEOXact_GUC(true, nest_level);
	if (code < 0)
		elog(ERROR, "a statement failed: %s", SPI_result_code_string(code));
}

uint64
users_read(UsersQuery *query, const Datum *values, const char *nulls)
{
	run_latest(query, values, nulls, true);
	return SPI_processed;
}

uint64
users_write(UsersQuery *query, const Datum *values, const char *nulls)
{
	run_latest(query, values, nulls, false);
	return SPI_processed;
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

	if (!isnull)
		*out = *DatumGetUUIDP(value);
	return !isnull;
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
