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

/* On a whole domain, reached or not; on an object, of the type whose word
 * object_type:* has the number. As it is now, or as the statement sees it.
 * NULL: nothing. In context; inside users_enter_owner. */
extern UsersHeld *users_read_held_in(const pg_uuid_t *user_id,
									 const pg_uuid_t *domain_id, bool now,
									 MemoryContext context);
extern UsersHeld *users_read_held_on(const pg_uuid_t *user_id,
									 const pg_uuid_t *domain_id, int type,
									 const pg_uuid_t *object_id, bool now,
									 MemoryContext context);

/* One assignment of the last result. */
typedef struct UsersHeldRow
{
	pg_uuid_t domain_id;
	bool enabled;
	int type; /* -1: on the whole domain */
	pg_uuid_t object_id;
} UsersHeldRow;

/* The permissions of the row before: of many domains they are the same. */
typedef struct UsersHeldMemo
{
	const ArrayType *array;
	Bitmapset *words;
} UsersHeldMemo;

/* Everything somebody holds, as the statement sees it, at most limit rows (0:
 * all). Then each row, and its role added to what is held. */
extern uint64 users_read_all_held(const pg_uuid_t *user_id, long limit);
extern void users_held_row(UsersHeldRow *out, uint64 row);
extern void users_held_add(UsersHeld *held, uint64 row, UsersHeldMemo *memo);

/* Whether somebody is a platform administrator whose account is enabled, as the
 * statement sees it. Inside users_enter_owner. */
extern bool users_read_is_admin(const pg_uuid_t *user_id);

extern void users_init_held(void);

#endif
