/*
 * What users_protect did to a table, read back from the catalog. The guard
 * trigger says it: its arguments name the object type and which columns there
 * are, its WHEN clause holds them, so that renames, dumps and partitions with
 * columns in another order change nothing. What was there before stands in the
 * comment of the policy users_read.
 */
#ifndef USERS_PROTECTION_H
#define USERS_PROTECTION_H

#include <stdbool.h>

#include "utils/relcache.h"

/* Sorts after what people write: the guard must be the last to fire. */
#define USERS_GUARD_NAME "~users_guard"

typedef struct UsersProtection
{
	char *object_type;
	/* 0: there is none. */
	AttrNumber id;
	AttrNumber domain;
	AttrNumber owner;
	bool guarded;	 /* the trigger is enabled */
	int actions;	 /* those of the type, of the four that policies ask for;
					  * from users_protecting_actions, not the trigger */
	bool from_above; /* it is the trigger of a table that this one is a
					  * partition of */
} UsersProtection;

/* False when the table is not protected. Texts in the present context. */
extern bool users_protection(UsersProtection *protection, Relation relation);

/* From the trigger's parts; false when they are not what users_protect writes.
 */
extern bool users_protection_parse(UsersProtection *protection, Oid relation,
								   const char *object_type, const char *layout,
								   const char *when);

/* Which of read, create, update and delete a type has, a bit each. Inside
 * users_enter_owner. */
extern int users_protecting_actions(const char *object_type);

/* What stands in the guard's second argument. */
extern char *users_protection_layout(const UsersProtection *protection);

/* A policy that the table ought to have. Expressions are exactly as
 * pg_get_expr shows them while search_path is pg_catalog. */
typedef struct UsersPolicy
{
	const char *name;
	const char *command; /* ALL, SELECT, ... */
	char kind;			 /* as in pg_policy.polcmd */
	const char *role;
	char *using_clause; /* NULL: none */
	char *check_clause; /* NULL: none */
} UsersPolicy;

#define USERS_POLICIES 5

/* schema: of the API's functions, quoted. */
extern void users_expected_policies(UsersPolicy policies[USERS_POLICIES],
									const UsersProtection *protection,
									Oid relation, const char *schema);

typedef enum UsersPolicyState
{
	USERS_POLICY_MISSING,
	USERS_POLICY_OTHER, /* one of that name that says something else */
	USERS_POLICY_THERE
} UsersPolicyState;

/* Which of them are there just so; connected to SPI, search_path is
 * pg_catalog. */
extern void users_compare_policies(UsersPolicyState states[USERS_POLICIES],
								   const UsersPolicy policies[USERS_POLICIES],
								   Oid relation);

/* The schema of the API's functions, quoted, in the present context; connected
 * to SPI. */
extern char *users_api_schema(void);

/* search_path is pg_catalog until AtEOXact_GUC(true, level), or an error. */
extern int users_fix_search_path(void);

extern void users_init_protection(void);

#endif
