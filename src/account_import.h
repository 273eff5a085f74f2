/* The tables of accounts once more: many made at once, as another platform had
 * them. Inside users_enter_owner. */
#ifndef USERS_ACCOUNT_IMPORT_H
#define USERS_ACCOUNT_IMPORT_H

#include "import_row.h"

typedef enum UsersImportVerdict
{
	USERS_IMPORTED,
	USERS_IMPORTED_BEFORE, /* this very account is there */
	USERS_IMPORT_ID_TAKEN,
	USERS_IMPORT_EMAIL_TAKEN,
	USERS_IMPORT_USERNAME_TAKEN,
	USERS_IMPORT_BUSY /* somebody else is taking address or username */
} UsersImportVerdict;

/*
 * Inserts accounts, in order, but those for which there is no place: a verdict
 * for each. An account is there already when the one of this id has this
 * address and username in any case; where no id was given, when address and
 * username are one account's. Waits at most two seconds for others that take
 * the same ones; those in whose way somebody still is are BUSY.
 */
extern void users_import_accounts(UsersImportVerdict *verdicts,
								  const UsersImport *const *imports, int n);

/* Whether somebody of this id is or was registered here. */
extern bool users_person_exists(const pg_uuid_t *user_id);

extern void users_init_account_import(void);

#endif
