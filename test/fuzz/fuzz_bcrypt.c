/* An accepted hash has one spelling and is within the cap. */
#include "bcrypt.h"

#include "fuzz.h"

static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							   "abcdefghijklmnopqrstuvwxyz0123456789";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned cost = 77;
	UsersStatus status = users_bcrypt_parse(&cost, (const char *) data, size);
	char beginning[16];

	if (status != USERS_OK)
	{
		MUST(cost == 0);
		return 0;
	}
	MUST(size == USERS_BCRYPT_TEXT);
	MUST(cost >= 4 && cost <= USERS_BCRYPT_MAX_COST);
	MUST(data[2] == 'a' || data[2] == 'b' || data[2] == 'y');
	snprintf(beginning, sizeof(beginning), "$2%c$%02u$", data[2], cost);
	MUST(memcmp(data, beginning, 7) == 0);
	for (size_t i = 7; i < size; i++)
		MUST(data[i] != '\0' && strchr(alphabet, data[i]) != NULL);
	return 0;
}
