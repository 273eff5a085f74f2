/* Where somebody holds a role: on the whole domain, or on one object in it. */
#ifndef USERS_SCOPE_H
#define USERS_SCOPE_H

#include "actor.h"

typedef struct UsersScope
{
	char *object_type; /* NULL: the whole domain */
	pg_uuid_t object_id;
} UsersScope;

/* The object's id; NULL: the whole domain. */
extern const pg_uuid_t *users_scope_object(const UsersScope *scope);

/* Arguments n and n + 1, object_type and object_id: both of them or neither;
 * 22023. */
extern void users_scope_argument(UsersScope *scope, FunctionCallInfo fcinfo,
								 int n);

/* Raises US009 unless there can be such an object in a domain. Inside
 * users_enter_owner. */
extern void users_check_scope_type(const UsersScope *scope);

/* Where its type has a table, the object lies in it, in this domain: else
 * 42501, and for administrators US014 where it is not there at all. Not inside
 * users_enter_owner. */
extern void users_check_scope_place(const UsersScope *scope,
									const UsersActor *actor,
									const pg_uuid_t *domain_id);

#endif
