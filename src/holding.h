/*
 * What somebody holds by roles: the tables role_assignment, role and domain
 * read together. A domain is reached while it is enabled; while it is disabled
 * by who holds domain:enable on the whole of it; frozen or deleted by nobody.
 * The built-in role holds everything. Somebody whose account is not enabled
 * holds nothing. Platform administrators are not looked at here.
 */
#ifndef USERS_HOLDING_H
#define USERS_HOLDING_H

#include <stdbool.h>

#include "word.h"

/*
 * As the present statement's snapshot (GetActiveSnapshot) shows it, own changes
 * included, and remembered for that snapshot only: for policies, hundreds of
 * thousands of times a second. These switch to users_owner by themselves, and
 * only when something has to be read. They work on a standby, in READ ONLY
 * transactions and in security-restricted operations.
 */

/* By a role on the whole domain. */
extern bool users_holds_in(const pg_uuid_t *user_id,
						   const UsersPermission *permission,
						   const pg_uuid_t *domain_id);
/* By an assignment on that object of the permission's type, of a role of that
 * domain. Not by one on the whole domain. */
extern bool users_holds_on(const pg_uuid_t *user_id,
						   const UsersPermission *permission,
						   const pg_uuid_t *domain_id,
						   const pg_uuid_t *object_id);
/* Any role on the whole domain. */
extern bool users_is_member_of(const pg_uuid_t *user_id,
							   const pg_uuid_t *domain_id);
/* On any whole domain, or through an assignment on any object. */
extern bool users_holds_anywhere(const pg_uuid_t *user_id, int word);
/* Whether their account is an enabled platform administrator's. */
extern bool users_is_enabled_admin(const pg_uuid_t *user_id);
/* uuid[], sorted, in the present memory context: the domains of holds_in, the
 * objects of holds_on (in whatever domain). */
extern ArrayType *users_held_domains(const pg_uuid_t *user_id,
									 const UsersPermission *permission);
extern ArrayType *users_held_objects(const pg_uuid_t *user_id,
									 const UsersPermission *permission);

/*
 * As it is now (the latest snapshot), not remembered: for functions that change
 * something. Inside users_enter_owner. object_id NULL: on the whole domain;
 * else on the object, by an assignment on it or on the whole domain.
 */
extern bool users_holds_now(const pg_uuid_t *user_id, const char *permission,
							const pg_uuid_t *domain_id,
							const pg_uuid_t *object_id);
/* Whether they hold, there, every word of a sorted text[]; object_type (NULL on
 * a whole domain): only words of this type count on an object. A word type:*
 * is held only as such. all_of_them: what the built-in role holds. */
extern bool users_holds_all_now(const pg_uuid_t *user_id, Datum permissions,
								bool all_of_them, const pg_uuid_t *domain_id,
								const char *object_type,
								const pg_uuid_t *object_id);

#endif
