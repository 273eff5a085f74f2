/* Prints the secret of a signing key, in hexadecimal: what a test looks for
 * where it must not be. usage: unseal ROOT-KEY KID SEALED, as hexadecimal but
 * the kid. */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "jwt.h"
#include "keyring.h"

static int
from_hex(uint8_t *out, size_t size, const char *hex)
{
	size_t len;

	return sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL) == 0 &&
		   len == size;
}

int
main(int argc, char **argv)
{
	uint8_t root[USERS_KEY_BYTES];
	uint8_t key[USERS_KEY_BYTES];
	uint8_t sealed[USERS_SEED_BYTES + USERS_SEAL_OVERHEAD];
	uint8_t seed[USERS_SEED_BYTES];
	char hex[2 * USERS_SEED_BYTES + 1];

	if (argc != 4 || sodium_init() < 0 ||
		!from_hex(root, sizeof(root), argv[1]) ||
		!from_hex(sealed, sizeof(sealed), argv[3]))
		return 2;
	users_derive_key(key, root, USERS_KEY_SEAL);
	if (users_unseal(seed, sealed, sizeof(sealed), argv[2], strlen(argv[2]),
					 key) != USERS_OK)
		return 1;
	puts(sodium_bin2hex(hex, sizeof(hex), seed, sizeof(seed)));
	return 0;
}
