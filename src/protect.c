#include "pg.h"

#include "catalog/pg_inherits.h"
#include "parser/parser.h"
#include "utils/regproc.h"

#include "caller.h"
#include "errors.h"
#include "outcome.h"
#include "permission.h"
#include "protect.h"
#include "query.h"

PG_FUNCTION_INFO_V1(users_protect);
PG_FUNCTION_INFO_V1(users_unprotect);

enum
{
	MAY_NAME,
	FIND_COMMENT
};

/* Before the words of the comment. */
#define COMMENT_PREFIX "Made by users_protect, which did: "

/* clang-format off */
static UsersQuery queries[] = {
	[MAY_NAME] = {
		.sql = "SELECT 1 FROM pg_catalog.pg_extension e WHERE e.extname" EQ "'users'"
			   "   AND pg_catalog.has_schema_privilege(e.extnamespace, 'USAGE')"
			   "   AND pg_catalog.has_schema_privilege('users', 'USAGE')" },
	[FIND_COMMENT] = {
		.sql = "SELECT pg_catalog.obj_description(p.oid, 'pg_policy') FROM pg_catalog.pg_policy p"
			   " WHERE p.polrelid" EQ "$1 AND p.polname" EQ "'users_read'",
		.types = { OIDOID } },
};
/* clang-format on */

/* ---- lines ---- */

void
users_say(UsersProtecting *work, const char *line)
{
	work->lines = accumArrayResult(work->lines, CStringGetTextDatum(line),
								   false, TEXTOID, work->context);
}

void
users_run_quietly(const char *statement)
{
	int code = SPI_execute(statement, false, 0);

	if (code < 0)
		elog(ERROR, "a statement failed: %s", SPI_result_code_string(code));
}

void
users_run(UsersProtecting *work, const char *statement)
{
	users_run_quietly(statement);
	work->changed = true;
	users_say(work, statement);
}

void
users_run_default(UsersProtecting *work, const UsersTarget *target,
				  AttrNumber column, const char *expression)
{
	char *text = psprintf(
		"ALTER TABLE ONLY %s ALTER COLUMN %s SET DEFAULT %s", target->name,
		quote_identifier(get_attname(target->oid, column, false)), expression);
	List *statements = raw_parser(text, RAW_PARSE_DEFAULT);
	Node *statement = ((RawStmt *) linitial(statements))->stmt;

	/* The comment is the owner's to write, and a superuser may be calling. */
	if (list_length(statements) != 1 || !IsA(statement, AlterTableStmt) ||
		list_length(((AlterTableStmt *) statement)->cmds) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the comment of the policy users_read on %s was "
						"changed",
						target->name),
				 errdetail("It does not hold a default."), users_errhide()));
	users_run(work, text);
}

/* ---- what was done, in the comment of the policy users_read ---- */

bool
users_did(const UsersTarget *target, const char *deed)
{
	ListCell *cell;

	foreach (cell, target->deeds)
		if (strcmp(lfirst(cell), deed) == 0)
			return true;
	return false;
}

void
users_note(UsersTarget *target, const char *deed)
{
	if (!users_did(target, deed))
		target->deeds = lappend(target->deeds, pstrdup(deed));
}

void
users_unnote(UsersTarget *target, const char *deed)
{
	ListCell *cell;

	foreach (cell, target->deeds)
		if (strcmp(lfirst(cell), deed) == 0)
		{
			target->deeds = foreach_delete_current(target->deeds, cell);
			return;
		}
}

const char *
users_default_deed(const UsersTarget *target)
{
	ListCell *cell;

	foreach (cell, target->deeds)
		if (strncmp(lfirst(cell), "default", 7) == 0)
			return lfirst(cell);
	return NULL;
}

/* Reads them; none without a comment of ours. */
static void
load_deeds(UsersTarget *target)
{
	Datum value = ObjectIdGetDatum(target->oid);
	char *comment = NULL;
	Datum *words;
	int count;

	target->deeds = NIL;
	if (users_read(&queries[FIND_COMMENT], &value, NULL) > 0)
		comment = users_column_text(0, 1, CurrentMemoryContext);
	target->has_comment =
		comment != NULL &&
		strncmp(comment, COMMENT_PREFIX, strlen(COMMENT_PREFIX)) == 0;
	if (!target->has_comment)
		return;
	value = OidInputFunctionCall(F_ARRAY_IN, comment + strlen(COMMENT_PREFIX),
								 TEXTOID, -1);
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &words, NULL, &count);
	for (int i = 0; i < count; i++)
		target->deeds = lappend(target->deeds, TextDatumGetCString(words[i]));
}

void
users_keep_deeds(const UsersTarget *target)
{
	Datum value = ObjectIdGetDatum(target->oid);
	ArrayBuildState *state =
		initArrayResult(TEXTOID, CurrentMemoryContext, false);
	ListCell *cell;
	char *comment;
	char *present = NULL;

	foreach (cell, target->deeds)
		state = accumArrayResult(state, CStringGetTextDatum(lfirst(cell)),
								 false, TEXTOID, CurrentMemoryContext);
	comment = psprintf(
		"%s%s", COMMENT_PREFIX,
		OidOutputFunctionCall(F_ARRAY_OUT,
							  makeArrayResult(state, CurrentMemoryContext)));
	if (users_read(&queries[FIND_COMMENT], &value, NULL) > 0)
		present = users_column_text(0, 1, CurrentMemoryContext);
	if (present == NULL || strcmp(present, comment) != 0)
		users_run_quietly(psprintf("COMMENT ON POLICY users_read ON %s IS %s",
								   target->name, quote_literal_cstr(comment)));
}

/* ---- the tree of tables ---- */

static UsersTarget *
make_target(const UsersProtecting *work, Oid oid)
{
	Relation relation = table_open(oid, NoLock);
	UsersTarget *target = palloc0(sizeof(UsersTarget));

	target->oid = oid;
	target->name = pstrdup(quote_qualified_identifier(
		get_namespace_name(RelationGetNamespace(relation)),
		RelationGetRelationName(relation)));
	target->top = oid == work->root || !relation->rd_rel->relispartition;
	target->row_security = relation->rd_rel->relrowsecurity;
	target->forced = relation->rd_rel->relforcerowsecurity;
	target->is_protected = users_protection(&target->now, relation);
	table_close(relation, NoLock);
	load_deeds(target);
	return target;
}

List *
users_targets(UsersProtecting *work)
{
	List *oids =
		find_all_inheritors(work->root, ShareUpdateExclusiveLock, NULL);
	List *targets = NIL;
	ListCell *cell;

	foreach (cell, oids)
	{
		char kind = get_rel_relkind(lfirst_oid(cell));

		if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE)
			targets = lappend(targets, make_target(work, lfirst_oid(cell)));
		else
			users_say(
				work,
				psprintf(
					"still missing: the foreign table %s cannot have policies; grant nobody anything on it",
					get_rel_name(lfirst_oid(cell))));
	}
	return targets;
}

/* ---- arguments ---- */

static void
refuse_kind(const char *name, const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
					errmsg("\"%s\" cannot be protected", name),
					errdetail("argument: relation\n%s", why),
					errhint("Name a table of the application's."),
					err_generic_string(PG_DIAG_COLUMN_NAME, "relation"),
					users_errhide()));
}

static void
judge_kind(Oid oid, const char *name)
{
	char kind = get_rel_relkind(oid);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		refuse_kind(name, "It is not a table.");
	if (oid < FirstNormalObjectId ||
		get_rel_namespace(oid) == get_namespace_oid("users", true))
		refuse_kind(name, "It is not the application's.");
}

/* Argument 0: a table that the caller owns, locked against another call. */
static Oid
relation_argument(FunctionCallInfo fcinfo)
{
	Oid oid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	const char *name;

	for (int locked = 0; locked < 2; locked++)
	{
		name = OidIsValid(oid) ? get_rel_name(oid) : NULL;
		if (name == NULL && locked == 0)
			users_raise_detail(USERS_E_WORD, "relation",
							   "It is the name of a table.");
		if (name == NULL)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
							errmsg("the table has just been dropped"),
							users_errhide()));
		/* Before the lock: nobody makes the owner wait. */
		if (!users_owns_relation(oid, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER,
						   get_relkind_objtype(get_rel_relkind(oid)), name);
		if (locked == 0)
			LockRelationOid(oid, ShareUpdateExclusiveLock);
	}
	judge_kind(oid, name);
	return oid;
}

static void
refuse_column(int sqlstate, const char *argument, const char *column,
			  const char *why)
{
	ereport(ERROR, (errcode(sqlstate),
					errmsg("the column \"%s\" cannot be used", column),
					errdetail("argument: %s\n%s", argument, why),
					err_generic_string(PG_DIAG_COLUMN_NAME, argument),
					users_errhide()));
}

/* Argument n: a column of type uuid, or NULL. */
static char *
column_argument(FunctionCallInfo fcinfo, int n, Oid relation,
				const char *argument)
{
	HeapTuple tuple;
	FormData_pg_attribute column;
	char *name;

	if (PG_ARGISNULL(n))
		return NULL;
	name = pstrdup(NameStr(*PG_GETARG_NAME(n)));
	tuple = SearchSysCacheAttName(relation, name);
	if (!HeapTupleIsValid(tuple))
		refuse_column(ERRCODE_UNDEFINED_COLUMN, argument, name,
					  "There is no such column.");
	memcpy(&column, GETSTRUCT(tuple), ATTRIBUTE_FIXED_PART_SIZE);
	ReleaseSysCache(tuple);
	if (column.atttypid != UUIDOID)
		refuse_column(ERRCODE_DATATYPE_MISMATCH, argument, name,
					  "It must be of type uuid itself, not of a domain over it "
					  "or of another type.");
	if (column.attgenerated != '\0')
		refuse_column(ERRCODE_INVALID_PARAMETER_VALUE, argument, name,
					  "It is generated, after the triggers that judge it.");
	return name;
}

static void
take_columns(UsersProtecting *work, FunctionCallInfo fcinfo)
{
	work->id = column_argument(fcinfo, 2, work->root, "id_column");
	work->domain = column_argument(fcinfo, 3, work->root, "domain_column");
	work->owner = column_argument(fcinfo, 4, work->root, "owner_column");
	if (work->domain == NULL && work->owner == NULL)
		users_raise_detail(
			USERS_E_WORD, "owner_column",
			"Without a domain_column an owner_column is needed.");
	if (work->domain != NULL &&
		((work->id != NULL && strcmp(work->domain, work->id) == 0) ||
		 (work->owner != NULL && strcmp(work->domain, work->owner) == 0)))
		users_raise_detail(USERS_E_WORD, "domain_column",
						   "The same column cannot be another one too.");
}

/* Argument 1, an object type that exists, and which actions it has. */
static void
take_type(UsersProtecting *work, UsersCall *call, FunctionCallInfo fcinfo)
{
	char *object_type = users_text_argument(fcinfo, 1);
	bool known;

	users_enter_owner(call);
	known = object_type != NULL &&
			users_is_permission_word(object_type, strlen(object_type)) &&
			users_object_type_exists(object_type);
	if (known)
		work->actions = users_protecting_actions(object_type);
	users_leave_owner(call);
	if (!known)
		users_raise(USERS_E_OBJECT_TYPE, "object_type");
	work->object_type = object_type;
}

/* ---- the functions ---- */

static int
begin_work(UsersProtecting *work, const UsersCall *call)
{
	int nest_level;

	work->context = call->context;
	work->lines = initArrayResult(TEXTOID, call->context, false);
	SPI_connect();
	if (users_read(&queries[MAY_NAME], NULL, NULL) == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for the schemas of the extension"),
			 errhint(
				 "A superuser prepares the role that owns an application's tables: users_setup_owner(role)."),
			 users_errhide()));
	nest_level = users_fix_search_path();
	work->schema = users_api_schema();
	return nest_level;
}

static Datum
end_work(UsersProtecting *work, int nest_level)
{
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
	return makeArrayResult(work->lines, work->context);
}

/* users_protect(relation regclass, object_type text, id_column name,
 * domain_column name, owner_column name, force boolean) text[] */
Datum
users_protect(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersProtecting work = { 0 };
	List *targets;
	int nest_level;

	users_begin(&call, "users_protect", USERS_WRITES | USERS_ANYWHERE);
	work.root = relation_argument(fcinfo);
	take_type(&work, &call, fcinfo);
	take_columns(&work, fcinfo);
	work.force = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	nest_level = begin_work(&work, &call);
	targets = users_targets(&work);
	users_apply(&work, targets);
	if (!work.changed)
		users_say(&work, "nothing to do: it is protected so already");
	users_advise(&work, targets);
	PG_RETURN_DATUM(end_work(&work, nest_level));
}

/* users_unprotect(relation regclass) boolean */
Datum
users_unprotect(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersProtecting work = { 0 };
	int nest_level;

	users_begin(&call, "users_unprotect", USERS_WRITES | USERS_ANYWHERE);
	work.root = relation_argument(fcinfo);
	nest_level = begin_work(&work, &call);
	users_undo(&work, users_targets(&work));
	(void) end_work(&work, nest_level);
	PG_RETURN_BOOL(work.changed);
}

void
users_init_protect(void)
{
	users_register_queries(queries, lengthof(queries));
}
