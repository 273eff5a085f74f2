/* The tables account and person once more: what administrators alone do to a
 * row. Inside users_enter_owner, with the account locked. */
#ifndef USERS_ACCOUNT_EDIT_H
#define USERS_ACCOUNT_EDIT_H

#include "account.h"
#include "identifier.h"

/* What is to change; NULL and 0 leave as is. */
typedef struct UsersAccountFields
{
	char *email;
	char *username;
	char *first_name;
	char *last_name;
	char *language;
	char *theme;
	Datum tags;			  /* text[] */
	Datum metadata;		  /* jsonb */
	Datum admin_metadata; /* jsonb */
	bool says_verified;
	bool verified;
} UsersAccountFields;

/* Stores all but the identifiers' own table. A new address ends the account's
 * links; it is verified only where the fields say so. */
extern void users_set_fields(const UsersAccount *account,
							 const UsersAccountFields *fields);

/* A deleted account is what it was before: enabled or disabled. */
extern void users_restore_status(const pg_uuid_t *user_id);

/* Locks at most max accounts that were deleted before a time, but those that
 * somebody else has locked; ids in context. How many. */
extern int users_lock_deleted(pg_uuid_t **ids, TimestampTz before, int max,
							  MemoryContext context);

/* When the first of some accounts, uuid[], was deleted. */
extern TimestampTz users_first_deletion(Datum user_ids);

/* Removes accounts, uuid[], with what hangs on them; how many. */
extern int64 users_delete_accounts(Datum user_ids);

/* A deleted account that had this address or username, the last of them;
 * user_id and deleted_at, false when there is none. */
extern bool users_find_deleted(const char *identifier, pg_uuid_t *user_id,
							   TimestampTz *deleted_at);

/* Why an account was disabled, in context; NULL when nobody said. */
extern char *users_disabled_reason(const pg_uuid_t *user_id,
								   MemoryContext context);

extern void users_init_account_edit(void);

#endif
