/*
 * The trigger of protected tables: policies see the new row only, so moving a
 * row, giving it another id or another owner is judged here, with both. Its
 * WHEN clause lets no other update come this far.
 */
#include "pg.h"

#include "catalog/partition.h"
#include "commands/trigger.h"

#include "caller.h"
#include "errors.h"
#include "holding.h"
#include "identity.h"
#include "permission.h"
#include "protection.h"

PG_FUNCTION_INFO_V1(users_guard_row);

/* Says no; what is the column's name. */
static void
refuse(const char *message, const char *column, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("%s", message), errdetail("column: %s", column),
					errhint("%s", hint), users_errhide()));
}

/* The table that a partition is part of, at the top; itself for any other. */
static Oid
topmost(Relation relation)
{
	Oid relid = RelationGetRelid(relation);

	return relation->rd_rel->relispartition
			   ? llast_oid(get_partition_ancestors(relid))
			   : relid;
}

/*
 * People are judged: whoever works as one of their roles and is bound by the
 * policies of the table, be this a part of it that was attached later and has
 * none of its own. So not the table's owner, whose migrations and whose foreign
 * keys' cascades come here too, nor BYPASSRLS, nor a service's own role.
 */
static bool
is_judged(Relation relation)
{
	Oid caller = GetUserId();
	UsersCall call;

	if (users_owns_relation(RelationGetRelid(relation), caller) ||
		users_owns_relation(topmost(relation), caller) ||
		has_bypassrls_privilege(caller))
		return false;
	if (!has_privs_of_role(caller, users_role("users_member")) &&
		!(users_identity_present() && caller == users_role("users_anon")))
		return false;
	users_begin(&call, "users.guard_row", USERS_READS | USERS_ANYWHERE);
	return !users_is_administrator(&call);
}

/* A row's three columns. */
typedef struct Row
{
	pg_uuid_t id;
	pg_uuid_t domain;
	pg_uuid_t owner;
	bool has_id;
	bool has_domain;
	bool has_owner;
} Row;

static bool
take_uuid(pg_uuid_t *out, HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool isnull = true;
	Datum value =
		column == 0 ? (Datum) 0 : heap_getattr(tuple, column, desc, &isnull);

	memset(out, 0, sizeof(*out));
	if (!isnull)
		*out = *DatumGetUUIDP(value);
	return !isnull;
}

static void
take_row(Row *row, const UsersProtection *protection, HeapTuple tuple,
		 TupleDesc desc)
{
	row->has_id = take_uuid(&row->id, tuple, protection->id, desc);
	row->has_domain = take_uuid(&row->domain, tuple, protection->domain, desc);
	row->has_owner = take_uuid(&row->owner, tuple, protection->owner, desc);
}

static bool
differ(const pg_uuid_t *a, bool has_a, const pg_uuid_t *b, bool has_b)
{
	return has_a != has_b || memcmp(a, b, sizeof(*a)) != 0;
}

static UsersPermission
permission_of(const char *object_type, const char *action)
{
	UsersPermission permission;
	char *word = psprintf("%s:%s", object_type, action);

	if (!users_permission_parse(&permission, word, strlen(word)))
		elog(ERROR, "\"%s\" is not a permission", word);
	return permission;
}

/* Where the row was: whoever may delete it may take it away. */
static bool
may_take_away(const pg_uuid_t *user, const UsersPermission *delete,
			  const Row *old)
{
	return old->has_domain &&
		   (users_holds_in(user, delete, &old->domain) ||
			(old->has_id &&
			 users_holds_on(user, delete, &old->domain, &old->id)) ||
			(old->has_owner && memcmp(&old->owner, user, sizeof(*user)) == 0 &&
			 users_is_member_of(user, &old->domain)));
}

static void
judge_move(const pg_uuid_t *user, const UsersProtection *protection,
		   const Row *old, const Row *new, const char *column)
{
	UsersPermission delete = permission_of(protection->object_type, "delete");
	UsersPermission create = permission_of(protection->object_type, "create");

	if (user == NULL || !may_take_away(user, &delete, old) ||
		!new->has_domain || !users_holds_in(user, &create, &new->domain))
		refuse(
			"not permitted to move this row to another domain", column,
			"Moving needs the permission to delete it where it was, and the one to create such rows where it goes.");
}

static void
judge_owner(const pg_uuid_t *user, const UsersProtection *protection,
			const Row *old, const Row *new, const char *column)
{
	UsersPermission delete = permission_of(protection->object_type, "delete");

	if (user == NULL || !old->has_domain || !new->has_domain ||
		!new->has_owner || !users_holds_in(user, &delete, &old->domain) ||
		!users_holds_in(user, &delete, &new->domain) ||
		!users_is_member_of(&new->owner, &new->domain))
		refuse(
			"not permitted to give this row to another owner", column,
			"It needs the permission to delete such rows in the whole domain, and a member of the domain as the new owner.");
}

static void
judge(const TriggerData *data)
{
	TupleDesc desc = RelationGetDescr(data->tg_relation);
	const Trigger *trigger = data->tg_trigger;
	const UsersIdentity *identity = users_identity();
	const pg_uuid_t *user = identity == NULL ? NULL : &identity->user_id;
	UsersProtection p;
	Row old;
	Row new;

	if (trigger->tgnargs != 2 || trigger->tgqual == NULL ||
		!users_protection_parse(&p, RelationGetRelid(data->tg_relation),
								trigger->tgargs[0], trigger->tgargs[1],
								trigger->tgqual))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("the trigger of users_protect was changed"),
						errhint("Call users_protect again."), users_errhide()));
	take_row(&old, &p, data->tg_trigtuple, desc);
	take_row(&new, &p, data->tg_newtuple, desc);
	if (differ(&old.id, old.has_id, &new.id, new.has_id))
		refuse("a row's id is fixed",
			   NameStr(TupleDescAttr(desc, p.id - 1)->attname),
			   "Make another row.");
	if (differ(&old.domain, old.has_domain, &new.domain, new.has_domain))
		judge_move(user, &p, &old, &new,
				   NameStr(TupleDescAttr(desc, p.domain - 1)->attname));
	if (differ(&old.owner, old.has_owner, &new.owner, new.has_owner))
		judge_owner(user, &p, &old, &new,
					NameStr(TupleDescAttr(desc, p.owner - 1)->attname));
}

/* users.guard_row(object_type, layout), BEFORE UPDATE FOR EACH ROW */
Datum
users_guard_row(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("users.guard_row is a trigger of users_protect"),
						users_errhide()));
	if (is_judged(data->tg_relation))
		judge(data);
	PG_RETURN_POINTER(data->tg_newtuple);
}
