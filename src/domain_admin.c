#include "pg.h"

#include "account.h"
#include "actor.h"
#include "audit.h"
#include "errors.h"
#include "field.h"
#include "outcome.h"
#include "role.h"
#include "settings.h"
#include "shown.h"

PG_FUNCTION_INFO_V1(users_create_domain);
PG_FUNCTION_INFO_V1(users_update_domain);
PG_FUNCTION_INFO_V1(users_set_domain_status);
PG_FUNCTION_INFO_V1(users_delete_domain);
PG_FUNCTION_INFO_V1(users_restore_domain);

/* ---- making ---- */

enum
{
	NAME,
	ROUTE,
	TAGS,
	METADATA,
	OWNER_ID
};

typedef struct Making
{
	UsersActor actor;
	UsersDomainFields fields;
	bool has_owner;
	UsersAccount owner;
	pg_uuid_t id;
} Making;

/* Who will administer it: whom an administrator names, else who makes it. A
 * DBA without a token is nobody, and may leave that for later. */
static void
find_owner(Making *making, FunctionCallInfo fcinfo, MemoryContext context)
{
	const pg_uuid_t *id = users_actor_id(&making->actor);

	if (!PG_ARGISNULL(OWNER_ID))
	{
		if (!making->actor.administrator)
			users_raise(USERS_E_NOT_ADMIN, "owner_id");
		id = PG_GETARG_UUID_P(OWNER_ID);
	}
	making->has_owner = id != NULL;
	if (id == NULL)
		return;
	if (!users_find_account(&making->owner, id, context))
		users_raise(USERS_E_UNKNOWN, "owner_id");
	if (making->owner.status != USERS_ENABLED)
		users_raise_detail(USERS_E_STATE, "owner_id",
						   "The account is not enabled.");
}

/* Raises US011 when the actor has made as many as one may. */
static void
keep_within_limit(const UsersActor *actor)
{
	if (actor->administrator)
		return;
	/* Two at once would count the same number. */
	users_lock_turn(&actor->id);
	if (users_count_domains_of(&actor->id) >= users_settings.max_domains)
		users_raise_detail(USERS_E_STATE, NULL,
						   "You have made as many domains as "
						   "users.max_domains allows: %d.",
						   users_settings.max_domains);
}

static void
make(void *argument)
{
	Making *making = argument;
	const pg_uuid_t *actor = users_actor_id(&making->actor);
	UsersRole admin = { .built_in = true };

	keep_within_limit(&making->actor);
	/* Somebody may be disabling or deleting it. */
	if (making->has_owner && !users_lock_account(&making->owner, false))
		users_raise_busy();
	if (!users_insert_domain(&making->id, &making->fields, actor))
		users_raise(USERS_E_ROUTE_TAKEN, "route");
	admin.domain_id = making->id;
	users_insert_first_roles(&admin.id, &making->id, GetCurrentTimestamp(),
							 actor);
	if (making->has_owner)
		(void) users_assign(&making->owner.user_id, &admin, NULL, NULL, actor);
}

/* users_create_domain(name, route, tags, metadata, owner_id) users_domains */
Datum
users_create_domain(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Making making = { .has_owner = false };
	UsersShown shown;

	users_begin(&call, "users_create_domain", USERS_WRITES);
	users_begin_actor(&making.actor, &call);
	making.fields.name = users_name_argument(fcinfo, NAME, "name");
	making.fields.route = users_route_argument(fcinfo, ROUTE);
	making.fields.tags = users_tags_argument(fcinfo, TAGS);
	making.fields.metadata = users_metadata_argument(fcinfo, METADATA);
	users_enter_owner(&call);
	find_owner(&making, fcinfo, call.context);
	if (!users_with_patience(make, &making))
		users_raise_busy();
	users_audit_domain("domain_created", &making.id, NULL, NULL, NULL);
	users_show_domain(&shown, &making.id, users_actor_id(&making.actor),
					  call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls, USERS_DOMAIN_COLUMNS);
}

/* ---- changing ---- */

typedef struct DomainChange
{
	UsersChange base;
	UsersDomainFields fields;
	const char *status;
} DomainChange;

/* Begins a change of the domain of argument 0, and works as the owner. */
static void
begin_change(DomainChange *change, UsersCall *call, FunctionCallInfo fcinfo)
{
	change->base.context = call->context;
	change->base.argument = "domain_id";
	users_enter_owner(call);
	if (PG_ARGISNULL(0))
		users_refuse(&change->base.actor, "domain_id");
	change->base.domain_id = *PG_GETARG_UUID_P(0);
}

/* Ends it, with the domain's row. */
static Datum
end_change(const DomainChange *change, UsersCall *call, FunctionCallInfo fcinfo)
{
	UsersShown shown;

	users_show_domain(&shown, &change->base.domain_id,
					  users_actor_id(&change->base.actor), call->context);
	users_leave_owner(call);
	return users_row(fcinfo, shown.values, shown.nulls, USERS_DOMAIN_COLUMNS);
}

static void
judge_update(UsersChange *base)
{
	users_judge_domain(base, "domain:update");
}

static void
apply_update(UsersChange *base)
{
	const DomainChange *change = (const DomainChange *) base;

	users_set_domain_fields(&base->domain_id, &change->fields,
							users_actor_id(&base->actor));
}

/* users_update_domain(domain_id, name, tags, metadata) users_domains */
Datum
users_update_domain(PG_FUNCTION_ARGS)
{
	UsersCall call;
	DomainChange change = { .base = { .judge = judge_update,
									  .apply = apply_update } };
	UsersDomainFields *fields = &change.fields;

	users_begin(&call, "users_update_domain", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	if (!PG_ARGISNULL(1))
		fields->name = users_name_argument(fcinfo, 1, "name");
	if (!PG_ARGISNULL(2))
		fields->tags = users_tags_argument(fcinfo, 2);
	if (!PG_ARGISNULL(3))
		fields->metadata = users_metadata_argument(fcinfo, 3);
	begin_change(&change, &call, fcinfo);
	if (fields->name == NULL && fields->tags == 0 && fields->metadata == 0)
		judge_update(&change.base);
	else
	{
		users_carry_out(&change.base);
		users_audit_domain("domain_updated", &change.base.domain_id, NULL, NULL,
						   NULL);
	}
	return end_change(&change, &call, fcinfo);
}

/* ---- status ---- */

/* A permission is needed for the status that it gets. One that is frozen is
 * reached by administrators only, so they alone lift it. */
static void
judge_status(UsersChange *base)
{
	const DomainChange *change = (const DomainChange *) base;
	const char *need = NULL;

	if (strcmp(change->status, "enabled") == 0)
		need = "domain:enable";
	else if (strcmp(change->status, "disabled") == 0)
		need = "domain:disable";
	users_judge_domain(base, need);
}

static void
apply_status(UsersChange *base)
{
	const DomainChange *change = (const DomainChange *) base;

	base->changed = strcmp(base->domain.status, change->status) != 0;
	if (base->changed)
		users_change_domain_status(&base->domain_id, change->status,
								   users_actor_id(&base->actor));
}

static const char *
read_status(FunctionCallInfo fcinfo)
{
	static const char *const words[] = { "enabled", "disabled", "frozen" };
	char *status = users_text_argument(fcinfo, 1);

	for (size_t i = 0; status != NULL && i < lengthof(words); i++)
		if (strcmp(status, words[i]) == 0)
			return words[i];
	users_raise_detail(USERS_E_WORD, "status",
					   "It is enabled, disabled or frozen.");
	return NULL;
}

/* users_set_domain_status(domain_id uuid, status text) users_domains */
Datum
users_set_domain_status(PG_FUNCTION_ARGS)
{
	UsersCall call;
	DomainChange change = { .base = { .judge = judge_status,
									  .apply = apply_status } };

	users_begin(&call, "users_set_domain_status", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	change.status = read_status(fcinfo);
	begin_change(&change, &call, fcinfo);
	users_carry_out(&change.base);
	if (change.base.changed)
		users_audit_domain("domain_status_changed", &change.base.domain_id,
						   NULL, "status", change.status);
	return end_change(&change, &call, fcinfo);
}

/* ---- deleting and restoring ---- */

static void
judge_delete(UsersChange *base)
{
	users_judge_domain(base, "domain:delete");
}

/* Administrators may delete what is deleted, which changes nothing. */
static bool
is_deleted_for(UsersChange *base)
{
	if (!users_find_domain(&base->domain, &base->domain_id, base->context))
		users_refuse(&base->actor, "domain_id");
	return base->actor.administrator &&
		   strcmp(base->domain.status, "deleted") == 0;
}

/* users_delete_domain(domain_id uuid) boolean */
Datum
users_delete_domain(PG_FUNCTION_ARGS)
{
	UsersCall call;
	DomainChange change = { .base = { .judge = judge_delete,
									  .apply = apply_status },
							.status = "deleted" };

	users_begin(&call, "users_delete_domain", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	begin_change(&change, &call, fcinfo);
	if (!is_deleted_for(&change.base))
		users_carry_out(&change.base);
	if (change.base.changed)
		users_audit_domain("domain_deleted", &change.base.domain_id, NULL, NULL,
						   NULL);
	users_leave_owner(&call);
	PG_RETURN_BOOL(change.base.changed);
}

static void
judge_restore(UsersChange *base)
{
	if (!users_find_domain(&base->domain, &base->domain_id, base->context))
		users_refuse(&base->actor, "domain_id");
}

static void
apply_restore(UsersChange *base)
{
	base->changed = strcmp(base->domain.status, "deleted") == 0;
	if (base->changed)
		users_change_domain_status(&base->domain_id, "enabled",
								   users_actor_id(&base->actor));
}

/* users_restore_domain(domain_id uuid) users_domains */
Datum
users_restore_domain(PG_FUNCTION_ARGS)
{
	UsersCall call;
	DomainChange change = { .base = { .judge = judge_restore,
									  .apply = apply_restore } };

	users_begin(&call, "users_restore_domain", USERS_WRITES);
	users_require_administrator(&call);
	users_begin_actor(&change.base.actor, &call);
	begin_change(&change, &call, fcinfo);
	users_carry_out(&change.base);
	if (change.base.changed)
		users_audit_domain("domain_restored", &change.base.domain_id, NULL,
						   NULL, NULL);
	return end_change(&change, &call, fcinfo);
}
