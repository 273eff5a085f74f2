/* From a verified token to an identity. */
#ifndef USERS_AUTHENTICATE_H
#define USERS_AUTHENTICATE_H

#include "caller.h"
#include "identity.h"

/*
 * Takes on the identity of a token, which is returned, and its role with SET
 * LOCAL. Raises 28000
 * for a token that is not valid, US013 for one that this standby cannot judge,
 * 42501 inside a definer function, 55000 where the login inherits a member's
 * rights or a cursor WITH HOLD is open; the former identity stays then.
 */
extern UsersIdentity users_sign_on(UsersCall *call, const char *token,
								   size_t len);

#endif
