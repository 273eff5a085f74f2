/*
 * What functions of the core answer. The core never raises an error: a caller
 * wipes its secrets first and raises second, because ereport does not return.
 */
#ifndef USERS_STATUS_H
#define USERS_STATUS_H

typedef enum UsersStatus
{
	USERS_OK = 0,
	USERS_MALFORMED, /* not of the grammar */
	USERS_TOO_SHORT,
	USERS_TOO_LONG,
	USERS_UNSUPPORTED, /* well formed, but an algorithm that is not ours */
	USERS_FORGED,	   /* signature, tag or check value does not match */
	USERS_OVERPRICED,  /* a stored hash asks for more work than the caps */
	USERS_FAILED	   /* the library could not do it: no memory */
} UsersStatus;

#define USERS_CHECKED __attribute__((warn_unused_result))

#endif
