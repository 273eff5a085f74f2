/* The errors of the contract: SQLSTATE, message and HINT in one table. */
#ifndef USERS_ERRORS_H
#define USERS_ERRORS_H

#include <stdbool.h>

typedef enum UsersError
{
	USERS_E_EMAIL,			 /* US001 */
	USERS_E_USERNAME,		 /* US002 */
	USERS_E_WEAK_PASSWORD,	 /* US003 */
	USERS_E_CONFIRM,		 /* US004 */
	USERS_E_NAME,			 /* US005 */
	USERS_E_REASON,			 /* US005 */
	USERS_E_METADATA,		 /* US005 */
	USERS_E_TAGS,			 /* US005 */
	USERS_E_PICTURE,		 /* US006 */
	USERS_E_LANGUAGE,		 /* US007 */
	USERS_E_THEME,			 /* US007 */
	USERS_E_ROUTE,			 /* US008 */
	USERS_E_PERMISSION,		 /* US009 */
	USERS_E_OBJECT_TYPE,	 /* US009 */
	USERS_E_LAST_ADMIN,		 /* US010 */
	USERS_E_STATE,			 /* US011 */
	USERS_E_CLOSED,			 /* US012 */
	USERS_E_INVITED,		 /* US012 */
	USERS_E_NEEDS_LINK,		 /* US012 */
	USERS_E_ASK_PRIMARY,	 /* US013 */
	USERS_E_UNKNOWN,		 /* US014 */
	USERS_E_SITE,			 /* US015 */
	USERS_E_BUSY,			 /* US016 */
	USERS_E_EMAIL_TAKEN,	 /* 23505 */
	USERS_E_USERNAME_TAKEN,	 /* 23505 */
	USERS_E_ROUTE_TAKEN,	 /* 23505 */
	USERS_E_ROLE_TAKEN,		 /* 23505 */
	USERS_E_HOLDS_ROLE,		 /* 23505 */
	USERS_E_ID_TAKEN,		 /* 23505 */
	USERS_E_INVITED_ALREADY, /* 23505 */
	USERS_E_NO_IDENTITY,	 /* 28000 */
	USERS_E_BAD_TOKEN,		 /* 28000 */
	USERS_E_NOT_PERMITTED,	 /* 42501 */
	USERS_E_NOT_ADMIN,		 /* 42501 */
	USERS_E_NOT_SERVICE,	 /* 42501 */
	USERS_E_NOT_SUPERUSER,	 /* 42501 */
	USERS_E_NOT_DBA,		 /* 42501 */
	USERS_E_OTHER_ADMIN,	 /* 42501 */
	USERS_E_RESTRICTED,		 /* 42501 */
	USERS_E_WORD,			 /* 22023 */
	USERS_E_NEEDS_DOMAIN,	 /* 22023 */
	USERS_E_URL,			 /* 22023 */
	USERS_E_SENDER,			 /* 22023 */
	USERS_E_TEMPLATE,		 /* 22023 */
	USERS_E_RANGE,			 /* 22023 */
	USERS_E_TYPE_NAME,		 /* 22023 */
	USERS_E_LANGUAGE_CODE,	 /* 22023 */
	USERS_E_HASH,			 /* 22023 */
	USERS_E_STAGING,		 /* 22023 */
	USERS_E_NO_PRELOAD,		 /* 55000 */
	USERS_E_ROOT_KEY,		 /* 55000 */
	USERS_E_POSITION,		 /* 22023 */
	USERS_E_POSITION_LOST,	 /* US011 */
	USERS_ERROR_COUNT
} UsersError;

/*
 * Raises one. argument (may be NULL) is the name of the argument at fault: it
 * goes into the COLUMN field and the DETAIL line "argument: <name>". detail
 * (may be NULL) is a format for further DETAIL lines: never a password, a
 * token, a hash or somebody's address. Hides the statement and the context
 * from the log. Secrets must have been wiped. Under PostgREST those for which
 * it would answer with another HTTP status are raised as its SQLSTATE PGRST.
 */
#define users_raise(error, argument) users_raise_detail(error, argument, NULL)
extern void users_raise_detail(UsersError error, const char *argument,
							   const char *detail, ...)
	pg_attribute_printf(3, 4) __attribute__((noreturn));

/* The SQLSTATE (as MAKE_SQLSTATE has it) and the message of one, for who lists
 * errors and raises none. */
extern const char *users_error_message(UsersError error, int *sqlstate);

/* Seconds to tell who hears busy. */
#define USERS_BUSY_RETRY 2

/* The class of our own SQLSTATEs, US0xx. */
#define USERS_SQLSTATE_CLASS MAKE_SQLSTATE('U', 'S', '0', '0', '0')

/* US016, for functions that have no status to say busy with. */
extern void users_raise_busy(void) __attribute__((noreturn));

/* Whether an error that was caught is that one. */
extern bool users_is_busy_error(const ErrorData *error);

/* errhidestmt and errhidecontext together, for every ereport of ours. */
#define users_errhide() (errhidestmt(true), errhidecontext(true))

#endif
