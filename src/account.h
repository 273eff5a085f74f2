/* The tables account, person, credential and person_id. All of these work
 * inside users_enter_owner. */
#ifndef USERS_ACCOUNT_H
#define USERS_ACCOUNT_H

#include <stdbool.h>

#include "audit.h"

typedef enum UsersAccountStatus
{
	USERS_ENABLED,
	USERS_DISABLED,
	USERS_DELETED
} UsersAccountStatus;

typedef struct UsersAccount
{
	bool exists; /* false: user_id is derived from the identifier */
	bool loaded; /* what follows has been read */
	pg_uuid_t user_id;
	uint8 subject[USERS_SUBJECT_BYTES]; /* for the log */
	UsersAccountStatus status;
	bool is_admin;
	bool reset_required;
	bool verified;
	int64 version;
	int64 link_version;
	char *email;
	char *pending_email; /* NULL: none */
	char *language;		 /* NULL: none chosen */
	char *username;
	char *first_name;
	char *last_name;
	char *password_hash; /* NULL: none */
	uint8 nonce[16];	 /* the credential's: another one with each password */
	bool hash_as_typed;	 /* it was imported: see users_verify_hash */
} UsersAccount;

/* The account of an id, read with the latest snapshot; texts in context.
 * Whether there is one, deleted ones included. */
extern bool users_find_account(UsersAccount *account, const pg_uuid_t *user_id,
							   MemoryContext context);

/* The account that an email address or username signs in to, in any case,
 * trimmed: exists, id and subject only. An unknown one costs the same and gets
 * an id derived from its keyed hash. False: busy, somebody else is making the
 * root key. */
extern bool users_find_identifier(UsersAccount *account, const char *typed,
								  size_t len);

/* Reads the rest of it, unless that has been done. */
extern void users_load_account(UsersAccount *account, MemoryContext context);

/* Fills in the subject of an account that was found by id. */
extern void users_identify_account(UsersAccount *account);

/* How a person is addressed, by the first name, and named: by first and last
 * name; by the username where an import knew neither. In the present memory
 * context, or the account's. */
extern const char *users_first_name(const UsersAccount *account);
extern const char *users_full_name(const UsersAccount *account);

/* The same of users.person p, in SQL. (NULLIF compares by the search_path.) */
#define USERS_FULL_NAME                                                        \
	"CASE WHEN p.first_name OPERATOR(pg_catalog.=) ''"                         \
	"      AND p.last_name OPERATOR(pg_catalog.=) '' THEN p.username"          \
	" ELSE pg_catalog.btrim(p.first_name OPERATOR(pg_catalog.||) ' ' "         \
	"OPERATOR(pg_catalog.||) p.last_name) END"

/* Words of the person's own that a password must not be made of. */
extern void users_password_context(const char *words[6],
								   const UsersAccount *account);

/*
 * Locks the account's row: against changes of password, status and role
 * (for_change false: others may do so too), or to make one (for_change true).
 * False when the version is not account->version any more. Waits: call it with
 * users_with_patience.
 */
extern bool users_lock_account(const UsersAccount *account, bool for_change);

/* Locks it against others of the person's own calls that take their turn, while
 * signing in goes on. Waits: call it with users_with_patience. */
extern void users_lock_turn(const pg_uuid_t *user_id);

/* What sign-up needs; all checked, texts NUL-terminated. */
typedef struct UsersNewAccount
{
	pg_uuid_t user_id;
	char *email;
	char *username;
	char *first_name;
	char *last_name;
	char *language; /* NULL: none */
	char *theme;
	bool is_admin;
	bool verified;
	Datum metadata; /* jsonb */
	const char *password_hash;
} UsersNewAccount;

typedef enum UsersTaken
{
	USERS_TAKEN_NOTHING,
	USERS_TAKEN_EMAIL,
	USERS_TAKEN_USERNAME
} UsersTaken;

/* Inserts an account. Waits for others that insert the same identifier: call
 * it with users_with_patience. */
extern UsersTaken users_insert_account(const UsersNewAccount *account);

/* Changes of a locked account; each but the rehash adds one to version. Those
 * of password, address, status and role end its links, and of password, address
 * and status its pending address. */
extern void users_set_password_hash(const pg_uuid_t *user_id, const char *hash);
extern void users_rehash(const pg_uuid_t *user_id, const char *old_hash,
						 const char *hash);
extern void users_set_status(const pg_uuid_t *user_id,
							 UsersAccountStatus status, const char *reason);
extern void users_set_admin(const pg_uuid_t *user_id, bool is_admin);
/* The address that waits to be verified; NULL: none. Not a new version. */
extern void users_set_pending_email(const pg_uuid_t *user_id,
									const char *email);
/* A new address, verified; false when somebody else has it. Waits for others
 * that take the same one. */
extern bool users_set_email(const UsersAccount *account, const char *email);
/* The present address is verified; whether it was not. Not a new version. */
extern bool users_set_verified(const pg_uuid_t *user_id);
/* Signing in needs a reset first. */
extern void users_expire_password(const pg_uuid_t *user_id);
/* Frees address and username. */
extern void users_delete_identifiers(const UsersAccount *account);

/* Locks every enabled administrator's row, in one order, and counts the
 * others. Waits. */
extern int64 users_lock_other_admins(const pg_uuid_t *user_id);

#define USERS_PERSON_COLUMNS 18

/* The row of users_profile(), a users_person. */
extern bool users_profile_row(const pg_uuid_t *user_id, Datum *values,
							  bool *nulls, MemoryContext context);

extern void users_init_account(void);

#endif
