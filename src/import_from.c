#include "pg.h"

#include "account_import.h"
#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "import.h"
#include "staging.h"

#define REJECTED_COLUMNS 5

/* So many rows at a time, or so many bytes of them. */
#define BATCH_ROWS	5000
#define BATCH_BYTES (8 * 1024 * 1024)

/* Rows between two NOTICEs. */
#define PROGRESS_ROWS 100000

PG_FUNCTION_INFO_V1(users_import_from);

/* Why a row was refused; sqlstate 0: it was not. */
typedef struct Refusal
{
	int sqlstate;
	const char *argument; /* NULL: none */
	const char *message;
} Refusal;

typedef struct Row
{
	UsersStagedRow staged;
	UsersImport import;
	Refusal refusal;
} Row;

typedef struct Importing
{
	UsersStaging staging;
	UsersChoices choices;
	ReturnSetInfo *result;
	MemoryContext batch; /* of the rows below, emptied after each batch */
	Row *rows;
	int n;
	int64 imported;
	int64 there;
	int64 refused;
	int64 told; /* the line of the last NOTICE */
} Importing;

/* ---- reading and checking ---- */

/* Whether an error is a row's own fault. */
static bool
is_of_row(int sqlstate)
{
	int class = ERRCODE_TO_CATEGORY(sqlstate);

	return class == ERRCODE_TO_CATEGORY(ERRCODE_DATA_EXCEPTION) ||
		   class == ERRCODE_TO_CATEGORY(ERRCODE_PROGRAM_LIMIT_EXCEEDED) ||
		   class == ERRCODE_TO_CATEGORY(USERS_SQLSTATE_CLASS);
}

/* What users_raise_detail says beyond the argument: the second line of its
 * DETAIL. */
static const char *
further_detail(const ErrorData *error)
{
	const char *line =
		error->detail == NULL ? NULL : strchr(error->detail, '\n');

	return error->column_name == NULL || line == NULL ? NULL : line + 1;
}

/* Notes an error that was caught, or raises it again. */
static void
note_error(Row *row, const char *converting, ErrorData *error)
{
	const char *detail = further_detail(error);

	if (!is_of_row(error->sqlerrcode))
		ReThrowError(error);
	row->refusal.sqlstate = error->sqlerrcode;
	row->refusal.argument =
		converting != NULL ? converting : error->column_name;
	/* Others' messages repeat the value. */
	if (converting != NULL)
		row->refusal.message = "the text is not of the argument's type";
	else
		row->refusal.message =
			detail == NULL ? error->message
						   : psprintf("%s (%s)", error->message, detail);
}

/*
 * Checks rows from the first on, each by itself; stops behind the first that is
 * refused, and returns where. A subtransaction for all of them, since an error
 * in one may have left anything behind.
 */
static int
check_some(Importing *importing, int first)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	const char *volatile converting = NULL;
	volatile int i = first;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		for (; i < importing->n; i++)
			users_import_staged(&importing->rows[i].import, &importing->staging,
								&importing->rows[i].staged, &importing->choices,
								&converting);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData *error = users_take_back(context, owner);

		note_error(&importing->rows[i], converting, error);
		i++;
	}
	PG_END_TRY();
	return i;
}

/* Reads a batch; false at the end of the table. */
static bool
read_batch(Importing *importing)
{
	Size size = 0;

	importing->rows = palloc(sizeof(Row) * BATCH_ROWS);
	importing->n = 0;
	while (importing->n < BATCH_ROWS && size < BATCH_BYTES)
	{
		Row *row = &importing->rows[importing->n];

		CHECK_FOR_INTERRUPTS();
		if (!users_read_staged(&importing->staging, &row->staged))
			break;
		row->refusal.sqlstate = 0;
		size += row->staged.size;
		importing->n++;
	}
	return importing->n > 0;
}

/* ---- inserting and telling ---- */

static void
note_verdict(Importing *importing, Row *row, UsersImportVerdict verdict)
{
	const UsersImportRefusal *why = &users_import_refusals[verdict];

	if (verdict == USERS_IMPORTED)
		importing->imported++;
	else if (verdict == USERS_IMPORTED_BEFORE)
		importing->there++;
	else
	{
		row->refusal.message =
			users_error_message(why->error, &row->refusal.sqlstate);
		row->refusal.argument = why->argument;
	}
}

/* Those of the batch that were not refused. */
static void
import_batch(Importing *importing)
{
	Size n = (Size) importing->n;
	Row **rows = palloc(sizeof(Row *) * n);
	const UsersImport **imports = palloc(sizeof(UsersImport *) * n);
	UsersImportVerdict *verdicts = palloc(sizeof(UsersImportVerdict) * n);
	int chosen = 0;

	for (int i = 0; i < importing->n; i++)
	{
		Row *row = &importing->rows[i];

		if (row->refusal.sqlstate != 0)
			continue;
		rows[chosen] = row;
		imports[chosen++] = &row->import;
	}
	users_import_accounts(verdicts, imports, chosen);
	for (int i = 0; i < chosen; i++)
		note_verdict(importing, rows[i], verdicts[i]);
}

static void
set_text(Datum *value, bool *null, const char *text)
{
	*null = text == NULL;
	*value = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
tell_refusal(Importing *importing, const Row *row)
{
	Datum values[REJECTED_COLUMNS];
	bool nulls[REJECTED_COLUMNS] = { false };

	importing->refused++;
	values[0] = Int64GetDatum(row->staged.line);
	values[1] = row->staged.values[USERS_IMPORT_EMAIL];
	nulls[1] = row->staged.nulls[USERS_IMPORT_EMAIL];
	set_text(&values[2], &nulls[2], unpack_sql_state(row->refusal.sqlstate));
	set_text(&values[3], &nulls[3], row->refusal.argument);
	set_text(&values[4], &nulls[4], row->refusal.message);
	tuplestore_putvalues(importing->result->setResult,
						 importing->result->setDesc, values, nulls);
}

static void
tell_progress(Importing *importing, bool at_end)
{
	int64 line = importing->staging.line;

	if (!at_end && line < importing->told + PROGRESS_ROWS)
		return;
	importing->told = line;
	ereport(
		NOTICE,
		(errmsg(
			 "users_import_from: %lld rows%s: %lld imported, %lld there already, %lld refused",
			 (long long) line, at_end ? "" : " so far",
			 (long long) importing->imported, (long long) importing->there,
			 (long long) importing->refused),
		 users_errhide()));
}

/* The whole table, a batch at a time. */
static void
import_all(Importing *importing)
{
	MemoryContext old = MemoryContextSwitchTo(importing->batch);

	while (read_batch(importing))
	{
		for (int i = 0; i < importing->n;)
			i = check_some(importing, i);
		import_batch(importing);
		for (int i = 0; i < importing->n; i++)
			if (importing->rows[i].refusal.sqlstate != 0)
				tell_refusal(importing, &importing->rows[i]);
		MemoryContextReset(importing->batch);
		tell_progress(importing, false);
	}
	tell_progress(importing, true);
	MemoryContextSwitchTo(old);
}

static void
import_table(Importing *importing, const UsersCall *call, Oid relation)
{
	users_open_staging(&importing->staging, call, relation);
	import_all(importing);
	users_close_staging(&importing->staging);
}

/* The same, and everything taken back: only so is it known what would be
 * refused, rows that are in each other's way included. */
static void
try_table(Importing *importing, const UsersCall *call, Oid relation)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		import_table(importing, call, relation);
	}
	PG_CATCH();
	{
		ReThrowError(users_take_back(context, owner));
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/* users_import_from(relation regclass, dry_run boolean) SETOF
 * users_rejected_row */
Datum
users_import_from(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Importing importing = { .imported = 0 };

	users_begin(&call, "users_import_from", USERS_WRITES);
	users_require_dba(&call);
	if (PG_ARGISNULL(0))
		users_raise_detail(USERS_E_STAGING, "relation", "It is NULL.");
	InitMaterializedSRF(fcinfo, 0);
	importing.result = (ReturnSetInfo *) fcinfo->resultinfo;
	importing.batch = AllocSetContextCreate(call.context, "users import batch",
											ALLOCSET_DEFAULT_SIZES);
	users_enter_owner(&call);
	users_read_choices(&importing.choices);
	if (!PG_ARGISNULL(1) && PG_GETARG_BOOL(1))
		try_table(&importing, &call, PG_GETARG_OID(0));
	else
	{
		import_table(&importing, &call, PG_GETARG_OID(0));
		if (importing.imported > 0)
			users_audit_caller("imported", NULL, "accounts",
							   psprintf(INT64_FORMAT, importing.imported));
	}
	users_leave_owner(&call);
	return (Datum) 0;
}
