#include "pg.h"

#include "actor.h"
#include "errors.h"
#include "holding.h"
#include "identity.h"

void
users_begin_actor(UsersActor *actor, const UsersCall *call)
{
	const UsersIdentity *identity = users_identity();

	actor->administrator = users_is_administrator(call);
	if (identity == NULL && !actor->administrator)
		identity = users_require_identity();
	actor->has_id = identity != NULL;
	if (identity != NULL)
		actor->id = identity->user_id;
}

const pg_uuid_t *
users_actor_id(const UsersActor *actor)
{
	return actor->has_id ? &actor->id : NULL;
}

void
users_refuse(const UsersActor *actor, const char *argument)
{
	if (actor->administrator)
		users_raise(USERS_E_UNKNOWN, argument);
	users_raise(USERS_E_NOT_PERMITTED, NULL);
}

void
users_judge_domain(UsersChange *change, const char *permission)
{
	const UsersActor *actor = &change->actor;

	if (!users_find_domain(&change->domain, &change->domain_id,
						   change->context))
		users_refuse(actor, change->argument);
	if (actor->administrator)
	{
		if (strcmp(change->domain.status, "deleted") == 0)
			users_raise_detail(USERS_E_STATE, change->argument,
							   "The domain is deleted.");
		return;
	}
	if (permission == NULL ||
		!users_holds_now(&actor->id, permission, &change->domain_id, NULL))
		users_refuse(actor, change->argument);
}

void
users_judge_and_apply(void *argument)
{
	UsersChange *change = argument;

	if (!users_lock_domain(&change->domain_id))
		users_refuse(&change->actor, change->argument);
	change->judge(change);
	change->apply(change);
}

void
users_carry_out(UsersChange *change)
{
	change->judge(change);
	if (!users_with_patience(users_judge_and_apply, change))
		users_raise_busy();
}
