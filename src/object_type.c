#include "pg.h"

#include "audit.h"
#include "caller.h"
#include "domain.h"
#include "errors.h"
#include "holding.h"
#include "identity.h"
#include "object_type.h"
#include "outcome.h"
#include "permission.h"
#include "place.h"
#include "query.h"

PG_FUNCTION_INFO_V1(users_define_object_type);
PG_FUNCTION_INFO_V1(users_forget_object);

#define TYPE_COLUMNS 5

enum
{
	SHOW_TYPE,
	LIST_DOMAINS,
	FORGET
};

#define GUARDED                                                                                         \
	" pg_catalog.pg_trigger g, pg_catalog.pg_class c, pg_catalog.pg_namespace n"                        \
	" WHERE g.tgfoid" EQ                                                                                \
	"'users.guard_row'::pg_catalog.regproc AND g.tgname" EQ                                             \
	"'~users_guard'::pg_catalog.name AND g.tgparentid" EQ                                               \
	"0::pg_catalog.oid AND c.oid" EQ "g.tgrelid AND n.oid" EQ                                           \
	"c.relnamespace AND pg_catalog.split_part(pg_catalog.encode(g.tgargs, 'escape'), E'\\\\000', 1)" EQ \
	"t.object_type"

/* clang-format off */
static UsersQuery queries[] = {
	/* As the view users_object_types shows it. */
	[SHOW_TYPE] = {
		.sql = "SELECT t.object_type,"
			   "  ARRAY(SELECT p.action FROM users.permission p WHERE p.object_type" EQ "t.object_type ORDER BY p.action),"
			   "  t.built_in,"
			   "  (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM users.object_place o," GUARDED
			   "      AND o.object_type" EQ "t.object_type AND g.tgrelid" EQ "o.relation),"
			   "  ARRAY(SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM" GUARDED " ORDER BY 1)"
			   "  FROM users.object_type t WHERE t.object_type" EQ "$1",
		.types = { TEXTOID } },
	[LIST_DOMAINS] = {
		.sql = "SELECT DISTINCT a.domain_id FROM users.role_assignment a"
			   " WHERE a.object_type" EQ "$1 AND a.object_id" EQ "$2 ORDER BY 1",
		.types = { TEXTOID, UUIDOID } },
	[FORGET] = {
		.sql = "DELETE FROM users.role_assignment WHERE object_type" EQ "$1 AND object_id" EQ "$2 AND domain_id" EQ "$3"
			   " RETURNING user_id, role_id",
		.types = { TEXTOID, UUIDOID, UUIDOID } },
};
/* clang-format on */

/* ---- users_define_object_type ---- */

typedef struct Definition
{
	char *object_type;
	char **actions;
	int count;
	Oid relation;
} Definition;

/* What a type begins with unless something is said. */
static const char *const first_actions[] = { "create", "read", "update",
											 "delete", "manage_roles" };

static void
take_actions(Definition *definition, FunctionCallInfo fcinfo)
{
	Datum *elements;
	bool *nulls;

	if (PG_ARGISNULL(1))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &definition->count);
	definition->actions =
		palloc(sizeof(char *) * (Size) Max(definition->count, 1));
	for (int i = 0; i < definition->count; i++)
	{
		char *action = nulls[i] ? NULL : TextDatumGetCString(elements[i]);

		if (action == NULL || !users_is_permission_word(action, strlen(action)))
			users_raise(USERS_E_TYPE_NAME, "actions");
		definition->actions[i] = action;
	}
}

/* The table must be fit now; later, each look-up asks again. */
static void
record_relation(const Definition *definition)
{
	const char *why = "There is no such table.";
	Relation relation =
		try_relation_open(definition->relation, AccessShareLock);
	bool fit = relation != NULL &&
			   users_fit_for_place(relation, definition->object_type, &why);

	if (relation != NULL)
		relation_close(relation, NoLock);
	if (fit &&
		!users_record_place(definition->object_type, definition->relation))
	{
		why = "It is another type's table.";
		fit = false;
	}
	if (!fit)
		users_raise_detail(USERS_E_STATE, "relation", "%s", why);
}

/* For users_with_patience. */
static void
define(void *argument)
{
	const Definition *definition = argument;

	if (!users_object_type_exists(definition->object_type))
	{
		users_add_object_type(definition->object_type);
		for (size_t i = 0;
			 definition->actions == NULL && i < lengthof(first_actions); i++)
			users_add_action(definition->object_type, first_actions[i]);
	}
	for (int i = 0; i < definition->count; i++)
		users_add_action(definition->object_type, definition->actions[i]);
	if (OidIsValid(definition->relation))
		record_relation(definition);
}

/* The type's row, in context. */
static void
show_type(const char *object_type, Datum *values, bool *nulls,
		  MemoryContext context)
{
	static const bool by_value[] = { false, false, true, false, false };
	Datum value = CStringGetTextDatum(object_type);
	MemoryContext old;

	if (users_read(&queries[SHOW_TYPE], &value, NULL) != 1)
		elog(ERROR, "the object type is not there");
	old = MemoryContextSwitchTo(context);
	for (int i = 0; i < TYPE_COLUMNS; i++)
	{
		values[i] = users_column(0, i + 1, &nulls[i]);
		if (!nulls[i])
			values[i] = datumCopy(values[i], by_value[i], by_value[i] ? 1 : -1);
	}
	MemoryContextSwitchTo(old);
}

/* users_define_object_type(object_type text, actions text[], relation regclass)
 * users_object_types */
Datum
users_define_object_type(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Definition definition = { 0 };
	Datum values[TYPE_COLUMNS];
	bool nulls[TYPE_COLUMNS];

	users_begin(&call, "users_define_object_type", USERS_WRITES);
	users_require_administrator(&call);
	definition.object_type = users_text_argument(fcinfo, 0);
	if (definition.object_type == NULL ||
		!users_is_permission_word(definition.object_type,
								  strlen(definition.object_type)))
		users_raise(USERS_E_TYPE_NAME, "object_type");
	take_actions(&definition, fcinfo);
	definition.relation = PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2);
	if (OidIsValid(definition.relation) &&
		strcmp(definition.object_type, "domain") == 0)
		users_raise_detail(USERS_E_STATE, "relation",
						   "Domains are not the application's.");
	users_enter_owner(&call);
	if (!users_with_patience(define, &definition))
		users_raise_busy();
	users_audit_caller("object_type_defined", NULL, "object_type",
					   definition.object_type);
	show_type(definition.object_type, values, nulls, call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, values, nulls, TYPE_COLUMNS);
}

/* ---- users_forget_object ---- */

typedef struct Forgetting
{
	bool anywhere;	   /* a service or an administrator */
	pg_uuid_t user_id; /* otherwise who calls */
	char *object_type;
	char *permission; /* type:delete */
	pg_uuid_t object_id;
	UsersPlaceAnswer answer;
	UsersPlace place;
	bool owns; /* the row, as a member of its domain */
	pg_uuid_t *domains;
	uint64 count;
	int64 taken;
} Forgetting;

static bool
may_forget(const Forgetting *f, const pg_uuid_t *domain_id)
{
	return f->anywhere ||
		   (f->owns &&
			memcmp(domain_id, &f->place.domain_id, sizeof(*domain_id)) == 0) ||
		   users_holds_now(&f->user_id, f->permission, domain_id,
						   &f->object_id);
}

/* The domains in which there are assignments and which the caller may change.
 * Raises when nothing here is the caller's to change. */
static void
find_domains(Forgetting *f)
{
	Datum values[] = { CStringGetTextDatum(f->object_type),
					   UUIDPGetDatum(&f->object_id) };
	uint64 found = users_read(&queries[LIST_DOMAINS], values, NULL);
	bool may = f->anywhere;

	f->domains = palloc(sizeof(pg_uuid_t) * (found + 1));
	for (uint64 i = 0; i < found; i++)
		(void) users_column_uuid(i, 1, &f->domains[i]);
	f->count = 0;
	for (uint64 i = 0; i < found; i++)
		if (may_forget(f, &f->domains[i]))
			f->domains[f->count++] = f->domains[i];
	may = may || f->count > 0 ||
		  (f->answer == USERS_PLACE_FOUND && f->place.has_domain &&
		   may_forget(f, &f->place.domain_id));
	if (!may)
		users_raise(USERS_E_NOT_PERMITTED, NULL);
}

/* For users_with_patience: each domain's lock, in one order, then judged again.
 */
static void
forget(void *argument)
{
	Forgetting *f = argument;

	f->taken = 0;
	for (uint64 i = 0; i < f->count; i++)
	{
		Datum values[] = { CStringGetTextDatum(f->object_type),
						   UUIDPGetDatum(&f->object_id),
						   UUIDPGetDatum(&f->domains[i]) };
		uint64 count;
		pg_uuid_t *people;
		char **roles;

		if (!users_lock_domain(&f->domains[i]) ||
			!may_forget(f, &f->domains[i]))
			continue;
		count = users_write(&queries[FORGET], values, NULL);
		people = palloc(sizeof(pg_uuid_t) * (count + 1));
		roles = palloc(sizeof(char *) * (count + 1));
		for (uint64 row = 0; row < count; row++)
		{
			(void) users_column_uuid(row, 1, &people[row]);
			roles[row] =
				SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 2);
		}
		for (uint64 row = 0; row < count; row++)
			users_audit_object("role_revoked", &f->domains[i], &people[row],
							   f->object_type, &f->object_id, "role_id",
							   roles[row]);
		f->taken += (int64) count;
	}
}

static void
begin_forgetting(Forgetting *f, const UsersCall *call, FunctionCallInfo fcinfo)
{
	f->object_type = users_text_argument(fcinfo, 0);
	f->anywhere = users_is_service(call);
	if (!f->anywhere)
		f->user_id = users_require_identity()->user_id;
	if (f->object_type == NULL ||
		!users_is_permission_word(f->object_type, strlen(f->object_type)))
		users_raise(USERS_E_OBJECT_TYPE, "object_type");
	if (PG_ARGISNULL(1))
		users_raise_detail(USERS_E_WORD, "object_id", "It is an object's id.");
	f->object_id = *PG_GETARG_UUID_P(1);
	f->permission = psprintf("%s:delete", f->object_type);
	if (f->anywhere)
		return;
	f->answer =
		users_find_place(&f->place, f->object_type, &f->object_id, true);
	f->owns = f->answer == USERS_PLACE_FOUND && f->place.has_owner &&
			  f->place.has_domain &&
			  memcmp(&f->place.owner_id, &f->user_id, sizeof(pg_uuid_t)) == 0 &&
			  users_is_member_of(&f->user_id, &f->place.domain_id);
}

/* users_forget_object(object_type text, object_id uuid) integer */
Datum
users_forget_object(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Forgetting f = { 0 };

	users_begin(&call, "users_forget_object", USERS_WRITES);
	begin_forgetting(&f, &call, fcinfo);
	users_enter_owner(&call);
	if (!users_object_type_exists(f.object_type))
		users_raise(USERS_E_OBJECT_TYPE, "object_type");
	find_domains(&f);
	if (!users_with_patience(forget, &f))
		users_raise_busy();
	users_leave_owner(&call);
	PG_RETURN_INT32((int32) f.taken);
}

void
users_init_object_type(void)
{
	users_register_queries(queries, lengthof(queries));
}
