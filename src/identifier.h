/* The table identifier: whose an address or username is. All of these work
 * inside users_enter_owner. */
#ifndef USERS_IDENTIFIER_H
#define USERS_IDENTIFIER_H

#include <stdbool.h>

#include "audit.h"

/*
 * Whose identifier was typed: an email address or username in any case,
 * trimmed. True when it is somebody's; else user_id is derived from its keyed
 * hash. subject stands for it in the log. Both cost the same, and are not
 * counted in statistics. Needs the root key (users_load_root).
 */
extern bool users_look_up(const char *typed, size_t len, pg_uuid_t *user_id,
						  uint8 subject[USERS_SUBJECT_BYTES]);

/* What stands for somebody known by username in the log. */
extern void users_username_subject(uint8 subject[USERS_SUBJECT_BYTES],
								   const char *username);

/* Take an identifier ("email" or "username"): false when somebody else has it.
 * Waits for others that take the same one. */
extern bool users_take_identifier(const pg_uuid_t *user_id, const char *kind,
								  const char *text);

/* How the table has an identifier: kind, colon, the text in lower case; in the
 * present memory context. */
extern char *users_identifier_key(const char *kind, const char *text);

/* Take many at once; how many of them were free. Waits for others that take
 * the same ones. */
typedef struct UsersTaking
{
	const pg_uuid_t *user_id;
	const char *kind;
	const char *key; /* of users_identifier_key */
} UsersTaking;

extern int64 users_take_identifiers(const UsersTaking *takings, int n);

/* Give it back, if it is theirs. */
extern void users_free_identifier(const pg_uuid_t *user_id, const char *kind,
								  const char *text);

extern void users_init_identifier(void);

#endif
