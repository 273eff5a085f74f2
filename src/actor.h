/*
 * Who changes something in a domain, and the way every such change goes: judged
 * once without a lock, so that no stranger makes anybody wait; then again with
 * the domain's row locked, so that no two changes cross.
 */
#ifndef USERS_ACTOR_H
#define USERS_ACTOR_H

#include "caller.h"
#include "domain.h"

typedef struct UsersActor
{
	bool administrator; /* passes every need */
	bool has_id;		/* false: a DBA without a token */
	pg_uuid_t id;
} UsersActor;

/* The actor of a call: 28000 unless somebody is signed in, or a DBA calls. */
extern void users_begin_actor(UsersActor *actor, const UsersCall *call);

/* The actor's id; NULL for a DBA without a token. */
extern const pg_uuid_t *users_actor_id(const UsersActor *actor);

/* Raises 42501, the same whether it is not there or not permitted;
 * administrators hear US014, with the argument's name. */
extern void users_refuse(const UsersActor *actor, const char *argument)
	__attribute__((noreturn));

/* A change in a domain; others begin their struct with this one. */
typedef struct UsersChange
{
	UsersActor actor;
	MemoryContext context; /* for what must outlive SPI */
	pg_uuid_t domain_id;
	UsersDomain domain;
	/* The argument that names the domain, or what lies in it. */
	const char *argument;
	/* Raises unless the actor may; reads with the latest snapshot. */
	void (*judge)(struct UsersChange *change);
	/* Makes the change. */
	void (*apply)(struct UsersChange *change);
	bool changed; /* for apply to say */
} UsersChange;

/*
 * Judges whether the actor may change the domain of change->domain_id, which
 * it reads: it is there, not deleted, and (permission NULL: for administrators
 * only) the actor holds the permission on the whole of it.
 */
extern void users_judge_domain(UsersChange *change, const char *permission);

/* Carries a change out; US016 when a lock did not come. Inside
 * users_enter_owner. */
extern void users_carry_out(UsersChange *change);

/* Its second half, for who locks something before the domain: in
 * users_with_patience. argument is the UsersChange. */
extern void users_judge_and_apply(void *argument);

#endif
