#include "pg.h"

#include <crypt.h>
#include <sodium.h>

#include "core/bcrypt.h"
#include "core/phc.h"
#include "foreign_hash.h"

UsersStatus
users_check_hash(const char *hash)
{
	size_t len = strlen(hash);
	UsersPhc phc;
	unsigned cost;

	return strncmp(hash, "$2", 2) == 0 ? users_bcrypt_parse(&cost, hash, len)
									   : users_phc_parse(&phc, hash, len);
}

bool
users_is_bcrypt(const char *hash)
{
	unsigned cost;

	return hash != NULL &&
		   users_bcrypt_parse(&cost, hash, strlen(hash)) == USERS_OK;
}

bool
users_bcrypt_matches(const char *hash, const char *typed)
{
	/* 32 kB. Nothing between here and the wiping can be interrupted: signals
	 * set flags, and nobody looks at them. */
	struct crypt_data work;
	const char *computed;
	bool same;

	memset(&work, 0, sizeof(work));
	computed = crypt_rn(typed, hash, &work, sizeof(work));
	/* Not the salt: of its last character only two bits count, and not every
	 * program leaves the others zero. */
	same = computed != NULL && strlen(computed) == USERS_BCRYPT_TEXT &&
		   sodium_memcmp(computed + USERS_BCRYPT_DIGEST,
						 hash + USERS_BCRYPT_DIGEST,
						 USERS_BCRYPT_TEXT - USERS_BCRYPT_DIGEST) == 0;
	sodium_memzero(&work, sizeof(work));
	return same;
}
