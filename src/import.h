/* What importing has in common. */
#ifndef USERS_IMPORT_H
#define USERS_IMPORT_H

#include "errors.h"

/* What a verdict of users_import_accounts that is neither imported nor there
 * already is told with. */
typedef struct UsersImportRefusal
{
	UsersError error;
	const char *argument;
} UsersImportRefusal;

extern const UsersImportRefusal users_import_refusals[];
#endif
