/* An accepted hash has one spelling, is within the caps, and the library can
 * read it too. */
#include <sodium.h>

#include "phc.h"

#include "fuzz.h"

/* The length of a base64 text without padding. */
static size_t
base64_len(size_t bytes)
{
	return (bytes * 4 + 2) / 3;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const UsersPhc zero;
	char text[USERS_PHC_TEXT_MAX + 1];
	char beginning[128];
	UsersStatus status;
	UsersPhc phc;
	size_t len;

	memset(&phc, 0x55, sizeof(phc));
	status = users_phc_parse(&phc, (const char *) data, size);
	if (status != USERS_OK)
	{
		MUST(memcmp(&phc, &zero, sizeof(phc)) == 0);
		return 0;
	}
	MUST(size <= USERS_PHC_TEXT_MAX);
	MUST(phc.memory_kib <= USERS_PHC_MAX_MEMORY_KIB && phc.lanes >= 1 &&
		 phc.memory_kib >= 8 * phc.lanes);
	MUST(phc.iterations >= 1 && phc.iterations <= USERS_PHC_MAX_ITERATIONS);
	MUST(phc.lanes <= USERS_PHC_MAX_LANES);
	MUST(phc.salt_len >= 8 && phc.salt_len <= 64);
	MUST(phc.hash_len >= 16 && phc.hash_len <= 64);
	len = (size_t) snprintf(beginning, sizeof(beginning),
							"$argon2id$v=19$m=%u,t=%u,p=%u$", phc.memory_kib,
							phc.iterations, phc.lanes);
	MUST(size == len + base64_len(phc.salt_len) + 1 + base64_len(phc.hash_len));
	MUST(memcmp(data, beginning, len) == 0);
	memcpy(text, data, size);
	text[size] = '\0';
	MUST(strlen(text) == size);
	MUST(crypto_pwhash_str_needs_rehash(text, phc.iterations,
										(size_t) phc.memory_kib * 1024) == 0);
	return 0;
}
