#include <string.h>

#include <sodium.h>

#include "keyring.h"

/* More than BLAKE2b takes of the stack, where libsodium leaves its result. */
#define HASH_STACK 2048

void
users_derive_key(uint8_t out[USERS_KEY_BYTES],
				 const uint8_t root[USERS_KEY_BYTES], UsersKeyPurpose purpose)
{
	crypto_kdf_derive_from_key(out, USERS_KEY_BYTES, (uint64_t) purpose,
							   "users_v1", root);
	sodium_stackzero(HASH_STACK);
}

/* Eight bytes, least significant first. */
static void
add_length(crypto_generichash_state *state, size_t len)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t) ((uint64_t) len >> (8 * i));
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

void
users_keyed_hash(uint8_t *out, size_t out_len,
				 const uint8_t key[USERS_KEY_BYTES], const UsersPart *parts,
				 size_t n)
{
	crypto_generichash_state state;

	/* A wrong out_len is a mistake of the program, and an output that is not a
	 * hash must not go anywhere: end, as the library does in such a case. */
	if (out_len < crypto_generichash_BYTES_MIN ||
		crypto_generichash_init(&state, key, USERS_KEY_BYTES, out_len) != 0)
		sodium_misuse();
	for (size_t i = 0; i < n; i++)
	{
		add_length(&state, parts[i].len);
		if (parts[i].len > 0)
			crypto_generichash_update(&state, parts[i].data, parts[i].len);
	}
	crypto_generichash_final(&state, out, out_len);
	sodium_stackzero(HASH_STACK);
	sodium_memzero(&state, sizeof(state));
}

void
users_root_check_value(uint8_t out[USERS_CHECK_BYTES],
					   const uint8_t root[USERS_KEY_BYTES])
{
	static const char word[] = "root key check";
	const UsersPart part = { word, sizeof(word) - 1 };
	uint8_t key[USERS_KEY_BYTES];

	/* Hashed once more, so that no derived key is ever stored as it is. */
	users_derive_key(key, root, USERS_KEY_CHECK);
	users_keyed_hash(out, USERS_CHECK_BYTES, key, &part, 1);
	sodium_memzero(key, sizeof(key));
}

void
users_seal(uint8_t *out, const uint8_t *plain, size_t n, const char *label,
		   size_t label_len, const uint8_t nonce[USERS_SEAL_NONCE],
		   const uint8_t key[USERS_KEY_BYTES])
{
	memcpy(out, nonce, USERS_SEAL_NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		out + USERS_SEAL_NONCE, NULL, plain, n, (const uint8_t *) label,
		label_len, NULL, nonce, key);
}

UsersStatus
users_unseal(uint8_t *plain, const uint8_t *sealed, size_t n, const char *label,
			 size_t label_len, const uint8_t key[USERS_KEY_BYTES])
{
	if (n < USERS_SEAL_OVERHEAD)
		return USERS_FORGED;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
			plain, NULL, NULL, sealed + USERS_SEAL_NONCE, n - USERS_SEAL_NONCE,
			(const uint8_t *) label, label_len, sealed, key) == 0)
		return USERS_OK;
	sodium_memzero(plain, n - USERS_SEAL_OVERHEAD);
	return USERS_FORGED;
}
