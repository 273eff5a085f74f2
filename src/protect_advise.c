/* users_protect: what is still missing, a line each. */
#include "pg.h"

#include "place.h"
#include "protect.h"
#include "query.h"

enum
{
	SCHEMA_CLOSED,
	UNIQUE_KEYS,
	FOREIGN_KEYS,
	LATER_TRIGGERS,
	OTHER_POLICIES,
	OPEN_PARENT
};

/* A line for each row that a statement finds. $1 is the table, $2 the column
 * that keys ought to begin with, $3 the id's column (0: none). */
typedef struct Advice
{
	const char *format; /* of the first column */
	UsersQuery query;
} Advice;

#define IS_PROTECTED(relation)                                                 \
	" EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid" EQ relation \
	"  AND g.tgfoid" EQ "'users.guard_row'::pg_catalog.regproc)"
#define DESCENDS                                                                     \
	" WITH RECURSIVE tree (oid) AS (SELECT $1 UNION"                                 \
	"  SELECT i.inhrelid FROM pg_catalog.pg_inherits i, tree t WHERE i.inhparent" EQ \
	"t.oid)"

/* clang-format off */
static Advice advices[] = {
	[SCHEMA_CLOSED] = {
		"GRANT USAGE ON SCHEMA %s TO users_member",
		{ .sql = "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n"
				 " WHERE c.oid" EQ "$1 AND n.oid" EQ "c.relnamespace"
				 "   AND NOT pg_catalog.has_schema_privilege('users_member', n.oid, 'USAGE')",
		  .types = { OIDOID } } },
	[UNIQUE_KEYS] = {
		"the unique key %s does not begin with the column that policies look at: it tells that a hidden row exists",
		{ .sql = "SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_index i, pg_catalog.pg_class c"
				 " WHERE i.indrelid" EQ "$1 AND c.oid" EQ "i.indexrelid AND i.indisunique AND i.indkey[0]" NE "$2"
				 /* Nobody guesses an id. */
				 "   AND NOT (i.indnkeyatts" EQ "1 AND i.indkey[0]" EQ "$3) ORDER BY 1",
		  .types = { OIDOID, INT2OID, INT2OID } } },
	[FOREIGN_KEYS] = {
		"the foreign key %s between protected tables does not begin with the domain's column: it reaches rows that policies hide",
		{ .sql = "SELECT pg_catalog.quote_ident(f.conname) FROM pg_catalog.pg_constraint f"
				 " WHERE f.contype" EQ "'f' AND f.conparentid" EQ "0::pg_catalog.oid"
				 "   AND ((f.conrelid" EQ "$1 AND f.conkey[1]" NE "$2 AND" IS_PROTECTED("f.confrelid") ")"
				 "     OR (f.confrelid" EQ "$1 AND f.confkey[1]" NE "$2 AND" IS_PROTECTED("f.conrelid") ")) ORDER BY 1",
		  .types = { OIDOID, INT2OID, INT2OID } } },
	[LATER_TRIGGERS] = {
		"the trigger %s fires after the guard, and may change what the guard has let pass; name it so that it sorts before ~",
		{ .sql = DESCENDS
				 " SELECT pg_catalog.quote_ident(t.tgname) OPERATOR(pg_catalog.||) ' on ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c.relname)"
				 "  FROM tree, pg_catalog.pg_trigger t, pg_catalog.pg_class c"
				 " WHERE t.tgrelid" EQ "tree.oid AND c.oid" EQ "tree.oid AND t.tgparentid" EQ "0::pg_catalog.oid"
				 /* BEFORE, FOR EACH ROW; UPDATE, or in a part INSERT: a row
				  * that moves there is inserted. */
				 "   AND t.tgtype OPERATOR(pg_catalog.&) 3::pg_catalog.int2" EQ "3::pg_catalog.int2"
				 "   AND ((t.tgtype OPERATOR(pg_catalog.&) 16::pg_catalog.int2" NE "0::pg_catalog.int2"
				 "         AND t.tgname" GT "'~users_guard'::pg_catalog.name)"
				 "     OR (t.tgtype OPERATOR(pg_catalog.&) 4::pg_catalog.int2" NE "0::pg_catalog.int2"
				 "         AND (c.relispartition OR c.relkind" EQ "'p'))) ORDER BY 1",
		  .types = { OIDOID } } },
	[OTHER_POLICIES] = {
		"look at the policy %s: whoever it lets through passes, whatever the roles say",
		{ .sql = "SELECT pg_catalog.quote_ident(p.polname) FROM pg_catalog.pg_policy p"
				 " WHERE p.polrelid" EQ "$1 AND p.polpermissive"
				 "   AND NOT p.polname" EQ "ANY ('{users_read,users_create,users_update,users_delete,users_all}'::pg_catalog.name[])"
				 "   AND p.polroles OPERATOR(pg_catalog.&&) ARRAY[0::pg_catalog.oid, 'users_member'::pg_catalog.regrole::pg_catalog.oid] ORDER BY 1",
		  .types = { OIDOID } } },
	[OPEN_PARENT] = {
		"the table %s, which this one is a part of, is not protected: through it only its own policies count",
		{ .sql = "SELECT i.inhparent::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_inherits i"
				 " WHERE i.inhrelid" EQ "$1 AND NOT" IS_PROTECTED("i.inhparent") " ORDER BY 1",
		  .types = { OIDOID } } },
};

/* clang-format on */

static void
say_missing(UsersProtecting *work, const char *text)
{
	users_say(work, psprintf("still missing: %s", text));
}

/* Puts a name into a format of ours. */
static char *
fill(const char *format, const char *name)
{
	const char *place = strstr(format, "%s");

	return psprintf("%.*s%s%s", (int) (place - format), format, name,
					place + 2);
}

static void
advise(UsersProtecting *work, const Advice *advice, Oid relation,
	   const UsersProtection *wanted)
{
	Datum values[] = { ObjectIdGetDatum(relation),
					   Int16GetDatum(wanted->domain != 0 ? wanted->domain
														 : wanted->owner),
					   Int16GetDatum(wanted->id) };
	uint64 count =
		users_read(unconstify(UsersQuery *, &advice->query), values, NULL);

	for (uint64 i = 0; i < count; i++)
		say_missing(work, fill(advice->format,
							   users_column_text(i, 1, CurrentMemoryContext)));
}

static void
advise_actions(UsersProtecting *work)
{
	static const char *const actions[] = { "read", "create", "update",
										   "delete" };
	StringInfoData missing;

	initStringInfo(&missing);
	for (size_t i = 0; i < lengthof(actions); i++)
		if ((work->actions & (1 << i)) == 0)
			appendStringInfo(&missing, "%s%s", missing.len > 0 ? "," : "",
							 actions[i]);
	if (missing.len > 0)
		say_missing(
			work,
			psprintf(
				"the type has no such actions, and nobody may do that: an administrator calls users_define_object_type('%s', '{%s}'), then call this again",
				work->object_type, missing.data));
}

/* An administrator names the type's one table. */
static void
advise_place(UsersProtecting *work, Relation relation)
{
	Oid place = users_recorded_place(work->object_type);

	if (place == RelationGetRelid(relation) ||
		(OidIsValid(place) && get_rel_name(place) != NULL) ||
		strcmp(work->object_type, "domain") == 0 ||
		!users_fit_for_place(relation, work->object_type, NULL))
		return;
	say_missing(
		work,
		psprintf(
			"no table says where objects of the type lie: an administrator calls users_define_object_type('%s', relation => %s)",
			work->object_type,
			quote_literal_cstr(quote_qualified_identifier(
				get_namespace_name(RelationGetNamespace(relation)),
				RelationGetRelationName(relation)))));
}

void
users_advise(UsersProtecting *work, List *targets)
{
	UsersProtection wanted;
	Relation relation;

	users_wanted(&wanted, work, work->root);
	advise_actions(work);
	for (size_t i = 0; i < lengthof(advices); i++)
		advise(work, &advices[i], work->root, &wanted);
	relation = table_open(work->root, NoLock);
	if (wanted.domain != 0 &&
		!TupleDescAttr(RelationGetDescr(relation), wanted.domain - 1)
			 ->attnotnull &&
		users_has_null(relation, wanted.domain))
		say_missing(work,
					"rows without a domain are nobody's but administrators'");
	advise_place(work, relation);
	table_close(relation, NoLock);
}

void
users_init_advise(void)
{
	for (size_t i = 0; i < lengthof(advices); i++)
		users_register_queries(&advices[i].query, 1);
}
