/*
 * Keys derived from the one root key, and what is sealed and checked with
 * them. Randomness comes from the caller.
 */
#ifndef USERS_KEYRING_H
#define USERS_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define USERS_KEY_BYTES		32
#define USERS_SEAL_NONCE	24
#define USERS_SEAL_OVERHEAD (USERS_SEAL_NONCE + 16)
#define USERS_CHECK_BYTES	32

typedef enum UsersKeyPurpose
{
	USERS_KEY_SEAL = 1,		  /* signing keys at rest */
	USERS_KEY_REFRESH = 2,	  /* refresh tokens */
	USERS_KEY_MAIL = 3,		  /* links in mails */
	USERS_KEY_TICKET = 4,	  /* sign-in tickets */
	USERS_KEY_CHECK = 5,	  /* the check value of the root key */
	USERS_KEY_IDENTIFIER = 6, /* keyed hashes of identifiers and devices */
	USERS_KEY_PREHASH = 7	  /* the hash that unknown identifiers meet */
} UsersKeyPurpose;

/* crypto_kdf with context "users_v1"; one subkey a purpose. */
void users_derive_key(uint8_t out[USERS_KEY_BYTES],
					  const uint8_t root[USERS_KEY_BYTES],
					  UsersKeyPurpose purpose);

/* Keyed BLAKE2b of n parts, each preceded by its length, into out_len (16 to
 * 64) bytes: no two lists of parts collide by shifting a border. Any other
 * out_len ends the process. */
typedef struct UsersPart
{
	const void *data;
	size_t len;
} UsersPart;
void users_keyed_hash(uint8_t *out, size_t out_len,
					  const uint8_t key[USERS_KEY_BYTES],
					  const UsersPart *parts, size_t n);

/* What is stored to tell a wrong root key at once. */
void users_root_check_value(uint8_t out[USERS_CHECK_BYTES],
							const uint8_t root[USERS_KEY_BYTES]);

/* XChaCha20-Poly1305 (IETF construction). out gets n + USERS_SEAL_OVERHEAD
 * bytes: nonce, ciphertext, tag. label is bound to it (associated data). */
void users_seal(uint8_t *out, const uint8_t *plain, size_t n, const char *label,
				size_t label_len, const uint8_t nonce[USERS_SEAL_NONCE],
				const uint8_t key[USERS_KEY_BYTES]);

/* The reverse: n sealed bytes into plain, which gets n - USERS_SEAL_OVERHEAD.
 * USERS_FORGED wipes plain, and is the answer to fewer bytes than the overhead
 * too. */
UsersStatus users_unseal(uint8_t *plain, const uint8_t *sealed, size_t n,
						 const char *label, size_t label_len,
						 const uint8_t key[USERS_KEY_BYTES]) USERS_CHECKED;

#endif
