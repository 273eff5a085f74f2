/*
 * What roles give, read from role_assignment, role and domain together.
 * Frozen and deleted domains are left out, and so is everything of an account
 * that is not enabled.
 */
#ifndef USERS_HELD_H
#define USERS_HELD_H

#include <stdbool.h>

#include "nodes/bitmapset.h"

#include "word.h"

/* By one or several roles, on a domain or an object. The sets are never
 * changed, and shared. */
typedef struct UsersHeld
{
	bool enabled; /* the domain is; otherwise disabled */
	bool everything;
	Bitmapset *words;
} UsersHeld;

static inline bool
users_held_has(const UsersHeld *held, int word)
{
	return held->everything || bms_is_member(word, held->words) ||
		   bms_is_member(users_word_all(word), held->words);
}

/* Whether what is held on a whole domain opens it. */
extern bool users_held_opens(const UsersHeld *held);

/* An account, as far as it decides what its owner holds. */
typedef struct UsersStanding
{
	pg_uuid_t user_id;
	bool enabled;
	bool is_admin; /* an enabled platform administrator */
} UsersStanding;

/* All that follow read what an active or registered snapshot sees, by key and
 * without any right; on a standby and in a parallel worker, too. */

extern void users_read_standing(UsersStanding *standing,
								const pg_uuid_t *user_id, Snapshot snapshot);

/* On a whole domain, reached or not; on an object, of the type whose word
 * object_type:* has the number. NULL: nothing. In context. */
extern UsersHeld *users_read_held_in(const UsersStanding *standing,
									 const pg_uuid_t *domain_id,
									 Snapshot snapshot, MemoryContext context);
extern UsersHeld *users_read_held_on(const UsersStanding *standing,
									 const pg_uuid_t *domain_id, int type,
									 const pg_uuid_t *object_id,
									 Snapshot snapshot, MemoryContext context);

/* One assignment. */
typedef struct UsersHeldRow
{
	pg_uuid_t domain_id;
	bool enabled;
	int type; /* -1: on the whole domain */
	pg_uuid_t object_id;
	bool everything;
	Bitmapset *words;
} UsersHeldRow;

/* Every assignment of somebody, domain by domain, in the present memory
 * context; returns their number. */
extern int users_read_all_held(UsersHeldRow **rows,
							   const UsersStanding *standing,
							   Snapshot snapshot);

/* Adds what a row gives to what is held in the same place. */
extern void users_held_add(UsersHeld *held, const UsersHeldRow *row);

extern void users_init_held(void);

#endif
