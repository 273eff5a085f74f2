/* Which of some accounts there is a place for: reads the tables of accounts. */
#ifndef USERS_IMPORT_JUDGE_H
#define USERS_IMPORT_JUDGE_H

#include "account_import.h"

/* Some accounts on their way, in a memory context of their own. */
typedef struct UsersImportSlice
{
	const UsersImport *const *imports;
	UsersImportVerdict *verdicts;
	int n;
	const char **email_keys; /* NULL: it is deleted and takes none */
	const char **username_keys;
	HTAB *claims; /* what those before have got */
} UsersImportSlice;

/* Fills in the verdicts, of each as if those before it had been inserted. In
 * the present memory context; inside users_enter_owner. */
extern void users_judge_imports(UsersImportSlice *slice);

extern void users_init_import_judge(void);

#endif
