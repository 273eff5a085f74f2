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

/* Whether a word is held on a whole domain that they reach. */
extern bool users_holds_word_in(const pg_uuid_t *user_id, int word,
								const pg_uuid_t *domain_id);

/* Whether it is held by an assignment on that object of the word's type, of a
 * role of that domain; not by one on the whole domain. */
extern bool users_holds_word_on(const pg_uuid_t *user_id, int word,
								const pg_uuid_t *domain_id,
								const pg_uuid_t *object_id);

/* uuid[], sorted, each once, in the present memory context: domains on whose
 * whole (word -1: anything) or objects on which a word is held. */
extern ArrayType *users_holder_list(UsersHolder *holder, int word,
									bool of_objects);

/* Whether their account is an enabled platform administrator's. */
extern bool users_holder_is_admin(const UsersHolder *holder);

#endif
