/*
 * What somebody holds, remembered under the statement's snapshot.
 */
#ifndef USERS_HOLDER_H
#define USERS_HOLDER_H

#include <stdbool.h>

#include "held.h"

typedef struct UsersHolder UsersHolder;

/* What is remembered of somebody; not to be kept over anything that may run SQL
 * of others or ask for somebody else. */
extern UsersHolder *users_holder(const pg_uuid_t *user_id);

/* On a whole domain that they reach; NULL: nothing. */
extern const UsersHeld *users_holder_in(UsersHolder *holder,
										const pg_uuid_t *domain_id);

extern bool users_holder_has_in(UsersHolder *holder, int word,
								const pg_uuid_t *domain_id);

/* By assignments on one object of the type whose word object_type:* has the
 * number; NULL: nothing. */
extern const UsersHeld *users_holder_on(UsersHolder *holder,
										const pg_uuid_t *domain_id, int type,
										const pg_uuid_t *object_id);

/* uuid[], sorted, each once, in the present memory context: domains on whose
 * whole (word -1: anything) or objects on which a word is held. */
extern ArrayType *users_holder_list(UsersHolder *holder, int word,
									bool of_objects);

/* Whether their account is an enabled platform administrator's. */
extern bool users_holder_is_admin(const UsersHolder *holder);

#endif
