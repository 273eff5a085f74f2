/*
 * What people change of themselves, in the tables account and person. All of
 * these work inside users_enter_owner, with the account's row locked
 * (users_lock_turn).
 */
#ifndef USERS_PERSON_H
#define USERS_PERSON_H

#include <stdbool.h>

typedef struct UsersPerson
{
	pg_uuid_t user_id;
	char *username;
	char *first_name;
	char *last_name;
	char *language; /* NULL: none chosen */
	char *theme;	/* NULL: none chosen */
	Datum tags;		/* text[] */
	Datum metadata; /* jsonb */
} UsersPerson;

/* Reads the person of an enabled account, as it is now, in the present memory
 * context; false when there is none. */
extern bool users_read_person(UsersPerson *person, const pg_uuid_t *user_id);

/* The username alone, of whatever account, as it is now; NULL when there is
 * none. In the present memory context; needs no right. */
extern char *users_present_username(const pg_uuid_t *user_id);

/* Writes all of it, but for identifiers. */
extern void users_write_person(const UsersPerson *person);

/* Notes which picture there is, of a media type, since now; type NULL: none. */
extern void users_note_picture(const pg_uuid_t *user_id, const char *type);

extern void users_init_person(void);

#endif
