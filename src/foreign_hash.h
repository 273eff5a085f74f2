/* Password hashes that other programs made: which of them are taken, and
 * bcrypt. */
#ifndef USERS_FOREIGN_HASH_H
#define USERS_FOREIGN_HASH_H

#include <stdbool.h>

#include "core/status.h"

/* Whether a hash, Argon2id or bcrypt, can be verified later, without doing any
 * of its work: USERS_MALFORMED, USERS_UNSUPPORTED or USERS_OVERPRICED when
 * not. */
extern UsersStatus users_check_hash(const char *hash);

/* Whether it is a bcrypt hash within the caps; NULL is none. */
extern bool users_is_bcrypt(const char *hash);

/*
 * Whether such a hash was made of these bytes, by libxcrypt, which looks at the
 * first USERS_BCRYPT_BYTES of them, as the program did that made it. Under the
 * governor's slot. Wipes what it worked with.
 */
extern bool users_bcrypt_matches(const char *hash, const char *typed);

#endif
