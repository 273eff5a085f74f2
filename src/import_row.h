/* An account that another platform had, and how it is read: a call's arguments,
 * or a row's columns, in one order. */
#ifndef USERS_IMPORT_ROW_H
#define USERS_IMPORT_ROW_H

#include "account.h"

/* The arguments of users_import, in order. */
enum
{
	USERS_IMPORT_EMAIL,
	USERS_IMPORT_USERNAME,
	USERS_IMPORT_PASSWORD_HASH,
	USERS_IMPORT_FIRST_NAME,
	USERS_IMPORT_LAST_NAME,
	USERS_IMPORT_ID,
	USERS_IMPORT_STATUS,
	USERS_IMPORT_PLATFORM_ROLE,
	USERS_IMPORT_EMAIL_VERIFIED_AT,
	USERS_IMPORT_LANGUAGE,
	USERS_IMPORT_THEME,
	USERS_IMPORT_TAGS,
	USERS_IMPORT_METADATA,
	USERS_IMPORT_ADMIN_METADATA,
	USERS_IMPORT_CREATED_AT,
	USERS_IMPORT_UPDATED_AT,
	USERS_IMPORT_COLUMNS
};

typedef struct UsersImportColumn
{
	const char *name;
	Oid type;
	/* What a row is read with whose table has no such column; NULL: nothing. */
	const char *missing;
} UsersImportColumn;

extern const UsersImportColumn users_import_columns[USERS_IMPORT_COLUMNS];

/* What people may choose from, read once: in the present memory context. */
typedef struct UsersChoices
{
	Datum languages; /* text[] */
	Datum themes;
} UsersChoices;

/* All checked. */
typedef struct UsersImport
{
	pg_uuid_t user_id; /* a new one unless has_id */
	bool has_id;
	char *email;
	char *username;
	char *first_name; /* empty: none was known */
	char *last_name;
	char *password_hash; /* NULL: none */
	UsersAccountStatus status;
	bool is_admin;
	bool verified;
	TimestampTz verified_at;
	char *language; /* NULL: none */
	char *theme;
	Datum tags; /* text[] */
	Datum metadata;
	Datum admin_metadata;
	TimestampTz created_at;
	TimestampTz updated_at;
} UsersImport;

/* Inside users_enter_owner. */
extern void users_read_choices(UsersChoices *choices);

/*
 * Reads the arguments and checks each by itself: US001 US002 US005 US007 22023.
 * Whether address, username and id are free is not looked at. No SQL is run.
 * All in the present memory context.
 */
extern void users_read_import(UsersImport *import, FunctionCallInfo fcinfo,
							  const UsersChoices *choices);

/* An id, NULL for NULL; 22023 for the nil UUID, which stands for none. */
extern const pg_uuid_t *users_import_id(FunctionCallInfo fcinfo, int n,
										const char *argument);

/* A time, or (NULL) another one; 22023 for infinity. */
extern TimestampTz users_import_time(FunctionCallInfo fcinfo, int n,
									 const char *argument, TimestampTz missing);

#endif
