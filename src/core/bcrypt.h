/* Password hashes that other programs made by bcrypt, before any work is
 * done. */
#ifndef USERS_BCRYPT_H
#define USERS_BCRYPT_H

#include <stddef.h>

#include "status.h"

/* A cap on what a stored hash may ask of the server: 2^15 rounds take seconds.
 */
#define USERS_BCRYPT_MAX_COST 15

#define USERS_BCRYPT_TEXT	60 /* characters, all of them */
#define USERS_BCRYPT_DIGEST 29 /* where the digest begins, behind the salt */
#define USERS_BCRYPT_BYTES                                                     \
	72 /* of a password: more than these do not count                          \
		*/

/*
 * Reads "$2b$", a cost of two digits, "$" and 53 characters of salt and digest;
 * $2a$ and $2y$ likewise. *cost is the binary logarithm of the rounds, 4 to
 * USERS_BCRYPT_MAX_COST. USERS_UNSUPPORTED for $2$ and $2x$, which are of
 * programs with known faults, USERS_OVERPRICED beyond the cap, USERS_MALFORMED
 * for anything else. On failure *cost is 0.
 */
UsersStatus users_bcrypt_parse(unsigned *cost, const char *text,
							   size_t len) USERS_CHECKED;

#endif
