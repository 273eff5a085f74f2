#include "pg.h"

#include "errors.h"
#include "lookup.h"
#include "place.h"
#include "protection.h"
#include "query.h"

#define PATIENCE	"2s"
#define PATIENCE_MS 2000

enum
{
	FIND_OTHER,
	RECORD
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_OTHER] = {
		.sql = "SELECT 1 FROM users.object_place WHERE relation" EQ "$1::pg_catalog.regclass AND object_type" NE "$2",
		.types = { OIDOID, TEXTOID } },
	[RECORD] = {
		.sql = "INSERT INTO users.object_place (object_type, relation) VALUES ($1, $2::pg_catalog.regclass)"
			   " ON CONFLICT (object_type) DO UPDATE SET relation = excluded.relation",
		.types = { TEXTOID, OIDOID } },
};
/* clang-format on */

static UsersLookup object_place = {
	.table = "object_place",
	.columns = { "object_type", "relation" },
	.key_columns = 1,
	.equal = { F_TEXTEQ },
};

/*
 * The statement that looks rows up in a table, kept for the next call. Goes
 * with any change of that table; its names may change without one, which ends
 * the plan (as in ri_triggers.c).
 */
typedef struct Statement
{
	Oid relation; /* hash key */
	bool valid;
	char object_type[NAMEDATALEN];
	bool has_domain;
	bool has_owner;
	SPIPlanPtr plan;
} Statement;

static HTAB *statements = NULL;

static void
forget(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS status;
	Statement *statement;

	if (statements == NULL)
		return;
	if (OidIsValid(relation))
	{
		statement = hash_search(statements, &relation, HASH_FIND, NULL);
		if (statement != NULL)
			statement->valid = false;
		return;
	}
	hash_seq_init(&status, statements);
	while ((statement = hash_seq_search(&status)) != NULL)
		statement->valid = false;
}

/* ---- the type's table ---- */

Oid
users_recorded_place(const char *object_type)
{
	UsersFound found;
	Datum key = CStringGetTextDatum(object_type);
	/* Named by an administrator, seldom: what is committed now counts. In a
	 * parallel operation there is no newest snapshot to be had. */
	Snapshot snapshot = IsInParallelMode()
							? RegisterSnapshot(users_seen_snapshot())
							: users_latest_snapshot();
	bool there = users_lookup(&found, &object_place, &key, snapshot);

	UnregisterSnapshot(snapshot);
	return there ? DatumGetObjectId(found.values[1]) : InvalidOid;
}

bool
users_record_place(const char *object_type, Oid relation)
{
	Datum other[] = { ObjectIdGetDatum(relation),
					  CStringGetTextDatum(object_type) };
	Datum values[] = { other[1], other[0] };

	if (users_read(&queries[FIND_OTHER], other, NULL) > 0)
		return false;
	(void) users_write(&queries[RECORD], values, NULL);
	return true;
}

/* Whether a column by itself is unique, now and for every row. */
static bool
is_unique(Relation relation, AttrNumber column)
{
	List *indexes = RelationGetIndexList(relation);
	ListCell *cell;
	bool found = false;

	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);
		const FormData_pg_index *form = index->rd_index;

		found =
			found ||
			(form->indisunique && form->indimmediate && form->indisvalid &&
			 form->indnkeyatts == 1 && form->indkey.values[0] == column &&
			 heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL));
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

bool
users_fit_for_place(Relation relation, const char *object_type,
					const char **why)
{
	UsersProtection protection;
	const char *reason = NULL;

	if ((relation->rd_rel->relkind != RELKIND_RELATION &&
		 relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) ||
		!users_protection(&protection, relation) || !protection.guarded ||
		!relation->rd_rel->relrowsecurity)
		reason = "The table is not protected; its owner calls users_protect.";
	else if (strcmp(protection.object_type, object_type) != 0)
		reason = "The table is protected for another type.";
	else if (protection.id == 0 || !is_unique(relation, protection.id))
		reason =
			"Its id column needs a unique key of its own, over that column alone and not deferrable.";
	if (why != NULL)
		*why = reason;
	return reason == NULL;
}

/* ---- looking rows up ---- */

/* As the table's owner, with rights and names that nobody else decides. */
typedef struct Visit
{
	Oid saved_user;
	int saved_context;
	int nest_level;
} Visit;

static void
set_option(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static void
begin_visit(Visit *visit)
{
	visit->nest_level = NewGUCNestLevel();
	if (LockTimeout == 0 || LockTimeout > PATIENCE_MS)
		set_option("lock_timeout", PATIENCE);
	set_option("search_path", "pg_catalog, pg_temp");
	/* An error rather than fewer rows, should a policy apply after all. */
	set_option("row_security", "off");
	if (plan_cache_mode == PLAN_CACHE_MODE_FORCE_CUSTOM_PLAN)
		set_option("plan_cache_mode", "auto");
	GetUserIdAndSecContext(&visit->saved_user, &visit->saved_context);
}

static void
become_owner(const Visit *visit, Relation relation)
{
	SetUserIdAndSecContext(relation->rd_rel->relowner,
						   visit->saved_context | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_RESTRICTED_OPERATION |
							   SECURITY_NOFORCE_RLS);
}

static void
end_visit(const Visit *visit)
{
	SetUserIdAndSecContext(visit->saved_user, visit->saved_context);
	AtEOXact_GUC(true, visit->nest_level);
}

/* Rows of tables that inherit are not the table's own: no unique key covers
 * them. */
static char *
from_clause(Relation relation)
{
	return psprintf(
		"%s%s",
		relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
		quote_qualified_identifier(
			get_namespace_name(RelationGetNamespace(relation)),
			RelationGetRelationName(relation)));
}

static const char *
column_or_null(Relation relation, AttrNumber column)
{
	return column == 0
			   ? "NULL::pg_catalog.uuid"
			   : psprintf("x.%s",
						  quote_identifier(get_attname(
							  RelationGetRelid(relation), column, false)));
}

/* Makes the statement anew; false when the table does not serve. Connected to
 * SPI, as the table's owner. */
static bool
prepare(Statement *statement, Relation relation, const char *object_type)
{
	UsersProtection protection;
	Oid types[] = { UUIDARRAYOID };
	char *sql;

	if (statement->plan != NULL)
		SPI_freeplan(statement->plan);
	statement->plan = NULL;
	/* From here on whatever changes takes it back. */
	statement->valid = true;
	if (!users_fit_for_place(relation, object_type, NULL) ||
		!users_protection(&protection, relation))
		return false;
	sql = psprintf("SELECT x.%s, %s, %s FROM %s x WHERE x.%s" EQ "ANY ($1)",
				   quote_identifier(get_attname(RelationGetRelid(relation),
												protection.id, false)),
				   column_or_null(relation, protection.domain),
				   column_or_null(relation, protection.owner),
				   from_clause(relation),
				   quote_identifier(get_attname(RelationGetRelid(relation),
												protection.id, false)));
	statement->plan =
		SPI_prepare_cursor(sql, 1, types, CURSOR_OPT_GENERIC_PLAN);
	if (statement->plan == NULL)
		elog(ERROR, "could not prepare a statement: %s",
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(statement->plan);
	strlcpy(statement->object_type, object_type,
			sizeof(statement->object_type));
	return true;
}

/* The table's statement, or NULL when the table does not serve. */
static Statement *
find_statement(Relation relation, const char *object_type)
{
	Oid oid = RelationGetRelid(relation);
	Statement *statement;
	bool found;

	if (statements == NULL)
	{
		HASHCTL control = { .keysize = sizeof(Oid),
							.entrysize = sizeof(Statement) };

		statements =
			hash_create("users places", 16, &control, HASH_ELEM | HASH_BLOBS);
	}
	statement = hash_search(statements, &oid, HASH_ENTER, &found);
	if (!found)
	{
		statement->valid = false;
		statement->plan = NULL;
	}
	if (statement->valid && statement->plan != NULL &&
		SPI_plan_is_valid(statement->plan) &&
		strcmp(statement->object_type, object_type) == 0)
		return statement;
	return prepare(statement, relation, object_type) ? statement : NULL;
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(*(const pg_uuid_t *const *) a, *(const pg_uuid_t *const *) b,
				  sizeof(pg_uuid_t));
}

/* Hands a row that was found to everybody who asked for it. */
static void
take_row(UsersPlace *places, UsersPlaceAnswer *answers,
		 const pg_uuid_t *object_ids, const pg_uuid_t **sorted, int n,
		 uint64 row)
{
	UsersPlace place;
	pg_uuid_t id;
	const pg_uuid_t *key = &id;
	const pg_uuid_t **hit;

	if (!users_column_uuid(row, 1, &id))
		return;
	place.has_domain = users_column_uuid(row, 2, &place.domain_id);
	place.has_owner = users_column_uuid(row, 3, &place.owner_id);
	hit = bsearch(&key, sorted, (size_t) n, sizeof(*sorted), compare_ids);
	if (hit == NULL)
		return;
	while (hit > sorted && compare_ids(&hit[-1], &key) == 0)
		hit--;
	for (; hit < sorted + n && compare_ids(hit, &key) == 0; hit++)
	{
		places[*hit - object_ids] = place;
		answers[*hit - object_ids] = USERS_PLACE_FOUND;
	}
}

/* Reads the rows; the answers are NO_ROW for those that are not there. As the
 * table's owner, connected to SPI. */
static void
read_rows(const Statement *statement, UsersPlace *places,
		  UsersPlaceAnswer *answers, const pg_uuid_t *object_ids, int n,
		  bool latest)
{
	const pg_uuid_t **sorted = palloc(sizeof(*sorted) * (Size) n);
	Datum *elements = palloc(sizeof(Datum) * (Size) n);
	Snapshot snapshot;
	Datum array;
	int code;

	for (int i = 0; i < n; i++)
	{
		sorted[i] = &object_ids[i];
		elements[i] = UUIDPGetDatum(&object_ids[i]);
		answers[i] = USERS_PLACE_NO_ROW;
	}
	qsort(sorted, (size_t) n, sizeof(*sorted), compare_ids);
	array = PointerGetDatum(
		construct_array(elements, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
	snapshot = latest ? users_latest_snapshot()
					  : RegisterSnapshot(users_seen_snapshot());
	code = SPI_execute_snapshot(statement->plan, &array, NULL, snapshot,
								InvalidSnapshot, true, false, 0);
	UnregisterSnapshot(snapshot);
	if (code != SPI_OK_SELECT)
		elog(ERROR, "a statement failed: %s", SPI_result_code_string(code));
	for (uint64 row = 0; row < SPI_processed; row++)
		take_row(places, answers, object_ids, sorted, n, row);
}

/* The look-up itself, with the switches made. */
static void
visit_table(const Visit *visit, Oid oid, const char *object_type,
			UsersPlace *places, UsersPlaceAnswer *answers,
			const pg_uuid_t *object_ids, int n, bool latest)
{
	Relation relation = try_relation_open(oid, AccessShareLock);
	Statement *statement;

	/* A number may have become an index's or a view's. */
	if (relation == NULL)
		return;
	become_owner(visit, relation);
	SPI_connect();
	statement = find_statement(relation, object_type);
	if (statement != NULL)
		read_rows(statement, places, answers, object_ids, n, latest);
	SPI_finish();
	relation_close(relation, NoLock);
}

void
users_find_places(UsersPlace *places, UsersPlaceAnswer *answers,
				  const char *object_type, const pg_uuid_t *object_ids, int n,
				  bool latest)
{
	Oid oid = users_recorded_place(object_type);
	MemoryContext context = CurrentMemoryContext;
	Visit visit;

	memset(places, 0, sizeof(*places) * (Size) n);
	for (int i = 0; i < n; i++)
		answers[i] = USERS_PLACE_NO_TABLE;
	if (!OidIsValid(oid) || n == 0)
		return;
	begin_visit(&visit);
	PG_TRY();
	{
		visit_table(&visit, oid, object_type, places, answers, object_ids, n,
					latest);
	}
	PG_CATCH();
	{
		/* The transaction fails in either case, with a word of ours. */
		MemoryContextSwitchTo(context);
		if (geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE)
		{
			FlushErrorState();
			users_raise_busy();
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
	end_visit(&visit);
}

UsersPlaceAnswer
users_find_place(UsersPlace *place, const char *object_type,
				 const pg_uuid_t *object_id, bool latest)
{
	UsersPlaceAnswer answer;

	users_find_places(place, &answer, object_type, object_id, 1, latest);
	return answer;
}

bool
users_has_null(Relation relation, AttrNumber column)
{
	Visit visit;
	bool found;

	begin_visit(&visit);
	become_owner(&visit, relation);
	SPI_connect();
	if (SPI_execute(
			psprintf("SELECT 1 FROM %s.%s x WHERE %s IS NULL LIMIT 1",
					 quote_identifier(
						 get_namespace_name(RelationGetNamespace(relation))),
					 quote_identifier(RelationGetRelationName(relation)),
					 column_or_null(relation, column)),
			true, 1) != SPI_OK_SELECT)
		elog(ERROR, "a statement failed");
	found = SPI_processed > 0;
	SPI_finish();
	end_visit(&visit);
	return found;
}

void
users_init_place(void)
{
	users_register_queries(queries, lengthof(queries));
	users_register_lookup(&object_place);
	CacheRegisterRelcacheCallback(forget, (Datum) 0);
}
