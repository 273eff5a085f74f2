/*
 * Where an object of an application lies: its row in the type's one table
 * (users.object_place), looked up as a foreign key's check does: as that
 * table's owner, in a security-restricted operation with
 * SECURITY_NOFORCE_RLS and a fixed search_path, by one fixed statement, so that
 * nobody's policy or function runs with our rights. The table counts only while
 * it is protected for the type and its id column has a unique index of its own.
 * Waits two seconds for a lock, then raises US016.
 */
#ifndef USERS_PLACE_H
#define USERS_PLACE_H

#include <stdbool.h>

typedef enum UsersPlaceAnswer
{
	USERS_PLACE_NO_TABLE, /* the type has none (any more) */
	USERS_PLACE_NO_ROW,
	USERS_PLACE_FOUND
} UsersPlaceAnswer;

typedef struct UsersPlace
{
	pg_uuid_t domain_id;
	bool has_domain; /* false: the row's domain is NULL, or it has no column */
	pg_uuid_t owner_id;
	bool has_owner;
} UsersPlace;

/* Looks a row up, with the snapshot of the present statement or (latest) with
 * the newest. Not inside users_enter_owner: it switches by itself. */
extern UsersPlaceAnswer users_find_place(UsersPlace *place,
										 const char *object_type,
										 const pg_uuid_t *object_id,
										 bool latest);

/* The same for many; places and answers have n elements. */
extern void users_find_places(UsersPlace *places, UsersPlaceAnswer *answers,
							  const char *object_type,
							  const pg_uuid_t *object_ids, int n, bool latest);

/* Whether the table, open and locked, can say where objects of the type lie;
 * if not, *why says what it lacks (NULL: not asked). */
extern bool users_fit_for_place(Relation relation, const char *object_type,
								const char **why);

/* Records it as the type's; inside users_enter_owner. False when it is
 * another type's. May wait for somebody who does the same. */
extern bool users_record_place(const char *object_type, Oid relation);

/* The type's table, InvalidOid without one; of one that is gone a number. */
extern Oid users_recorded_place(const char *object_type);

/* Whether any row of a table has NULL in that column; asked as its owner. */
extern bool users_has_null(Relation relation, AttrNumber column);

extern void users_init_place(void);

#endif
