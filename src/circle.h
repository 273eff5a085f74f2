/*
 * Who is in somebody's circle: whoever holds a role, be it on one object, in a
 * domain that somebody is a member of (holds a role on the whole of it) and
 * reaches. What one may see of others by sharing a domain, without a
 * permission.
 */
#ifndef USERS_CIRCLE_H
#define USERS_CIRCLE_H

#include <stdbool.h>

/* The domains of it, uuid[] in the present memory context. Switches to
 * users_owner by itself. */
extern ArrayType *users_circle_domains(const pg_uuid_t *user_id);

/* Whether somebody is in the circle of these domains. Inside enter_owner. */
extern bool users_in_circle(ArrayType *domains, const pg_uuid_t *user_id);

/*
 * People who are found by the beginning of their username, full name or last
 * name, without regard to case, nothing in prefix standing for anything else:
 * enabled accounts, at most limit, those found by username first. domains NULL:
 * everybody; else the circle of these. Rows of users_found_person, as the
 * result of SPI; their number. Inside enter_owner.
 */
extern uint64 users_find_people(const char *prefix, ArrayType *domains,
								int limit);

extern void users_init_circle(void);

#endif
