#include <setjmp.h>

#include <sodium.h>

#include "keyring.h"

#include "tap.h"

#define LONGEST 70

static void
test_derive(void)
{
	uint8_t root[USERS_KEY_BYTES];
	uint8_t other[USERS_KEY_BYTES];
	uint8_t keys[8][USERS_KEY_BYTES];
	uint8_t again[USERS_KEY_BYTES];
	uint8_t wanted[USERS_KEY_BYTES];
	bool distinct = true;

	for (unsigned i = 0; i < USERS_KEY_BYTES; i++)
		root[i] = (uint8_t) i;
	memcpy(other, root, sizeof(other));
	other[31] ^= 0x80;
	for (int purpose = USERS_KEY_SEAL; purpose <= USERS_KEY_PREHASH; purpose++)
		users_derive_key(keys[purpose - 1], root, (UsersKeyPurpose) purpose);
	memcpy(keys[7], root, sizeof(root));
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < i; j++)
			distinct = distinct && memcmp(keys[i], keys[j], 32) != 0;
	ok(distinct, "a key for each purpose, none of them the root key");
	users_derive_key(again, root, USERS_KEY_REFRESH);
	ok(memcmp(again, keys[1], 32) == 0, "the same each time");
	users_derive_key(again, other, USERS_KEY_REFRESH);
	ok(memcmp(again, keys[1], 32) != 0, "another for another root key");
	/* crypto_kdf is BLAKE2b with the number as salt and the context as
	 * personal part. */
	{
		uint8_t salt[16] = { 2 };
		uint8_t personal[16] = "users_v1";

		crypto_generichash_blake2b_salt_personal(wanted, 32, NULL, 0, root, 32,
												 salt, personal);
	}
	ok(memcmp(wanted, keys[1], 32) == 0, "BLAKE2b of purpose and context");
}

static void
test_check_value(void)
{
	uint8_t root[USERS_KEY_BYTES] = { 1 };
	uint8_t value[USERS_CHECK_BYTES];
	uint8_t other[USERS_CHECK_BYTES];
	bool caught = true;

	users_root_check_value(value, root);
	users_root_check_value(other, root);
	ok(memcmp(value, other, sizeof(value)) == 0, "the same each time");
	for (unsigned bit = 0; bit < 256; bit++)
	{
		root[bit / 8] ^= (uint8_t) (1 << bit % 8);
		users_root_check_value(other, root);
		caught = caught && memcmp(value, other, sizeof(value)) != 0;
		root[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	ok(caught, "another for a key that differs in any bit");
	users_derive_key(other, root, USERS_KEY_CHECK);
	ok(memcmp(value, other, 32) != 0, "not a derived key as it is");
}

/* The hash of texts that end with NULL. */
static void
hash_texts(uint8_t out[32], const char *const *texts)
{
	static const uint8_t key[USERS_KEY_BYTES] = { 9 };
	UsersPart parts[8];
	size_t n = 0;

	for (; texts[n] != NULL; n++)
	{
		parts[n].len = strlen(texts[n]);
		parts[n].data = tap_exact(texts[n], parts[n].len);
	}
	users_keyed_hash(out, 32, key, parts, n);
	while (n > 0)
	{
		const void *data = parts[--n].data;
		void *freed;

		memcpy(&freed, &data, sizeof(freed));
		free(freed);
	}
}

static void
test_borders(void)
{
	/* All the same characters, cut differently. */
	static const char *const lists[][8] = {
		{ NULL },
		{ "", NULL },
		{ "", "", NULL },
		{ "abcd", NULL },
		{ "abcd", "", NULL },
		{ "", "abcd", NULL },
		{ "a", "bcd", NULL },
		{ "ab", "cd", NULL },
		{ "abc", "d", NULL },
		{ "a", "b", "cd", NULL },
		{ "a", "bc", "d", NULL },
		{ "ab", "c", "d", NULL },
		{ "a", "b", "c", "d", NULL },
		{ "ab", "", "cd", NULL },
		{ "", "ab", "cd", NULL },
		{ "ab", "cd", "", NULL },
	};
	enum
	{
		LISTS = sizeof(lists) / sizeof(lists[0])
	};
	uint8_t hashes[LISTS][32];
	bool distinct = true;

	for (size_t i = 0; i < LISTS; i++)
		hash_texts(hashes[i], lists[i]);
	for (size_t i = 0; i < LISTS; i++)
		for (size_t j = 0; j < i; j++)
			distinct = distinct && memcmp(hashes[i], hashes[j], 32) != 0;
	ok(distinct, "no two lists collide by shifting a border");
}

static void
test_hash(void)
{
	uint8_t key[USERS_KEY_BYTES] = { 3 };
	const UsersPart parts[] = { { "ab", 2 }, { NULL, 0 }, { "c", 1 } };
	static const char joined[] = "\2\0\0\0\0\0\0\0ab\0\0\0\0\0\0\0\0"
								 "\1\0\0\0\0\0\0\0c";
	bool lengths = true;
	uint8_t out[64];
	uint8_t wanted[64];
	uint8_t other[64];

	for (size_t len = 16; len <= 64; len++)
	{
		uint8_t *exact = tap_exact(out, len);

		users_keyed_hash(exact, len, key, parts, 3);
		crypto_generichash(wanted, len, (const uint8_t *) joined,
						   sizeof(joined) - 1, key, sizeof(key));
		lengths = lengths && memcmp(exact, wanted, len) == 0;
		free(exact);
	}
	ok(lengths, "BLAKE2b of lengths and parts, in 16 to 64 bytes");
	users_keyed_hash(out, 64, key, parts, 3);
	key[31] = 1;
	users_keyed_hash(other, 64, key, parts, 3);
	ok(memcmp(out, other, 64) != 0, "another with another key");
}

static jmp_buf before_misuse;

static void
note_misuse(void)
{
	longjmp(before_misuse, 1);
}

/* Lengths that are no hash end the process; here they only come back. */
static void
test_misuse(void)
{
	static const size_t lengths[] = { 0, 1, 15, 65, 255, 256, SIZE_MAX };
	static const uint8_t key[USERS_KEY_BYTES] = { 3 };
	volatile size_t caught = 0;
	uint8_t out[64];

	if (sodium_set_misuse_handler(note_misuse) != 0)
		abort();
	for (volatile size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		if (setjmp(before_misuse) == 0)
			users_keyed_hash(out, lengths[i], key, NULL, 0);
		else
			caught++;
	}
	is(caught, sizeof(lengths) / sizeof(lengths[0]),
	   "no hash of fewer than 16 or more than 64 bytes");
}

static void
test_seal(void)
{
	const uint8_t key[USERS_KEY_BYTES] = { 5 };
	const uint8_t nonce[USERS_SEAL_NONCE] = { 6 };
	uint8_t plain[LONGEST];
	bool returns = true;
	bool caught = true;
	bool wiped = true;

	for (size_t n = 0; n < LONGEST; n++)
		plain[n] = (uint8_t) (n + 1);
	for (size_t n = 0; n < LONGEST; n++)
	{
		size_t sealed_len = n + USERS_SEAL_OVERHEAD;
		uint8_t *sealed = tap_exact(plain, 0);
		uint8_t *back = tap_exact(plain, n);

		sealed = realloc(sealed, sealed_len);
		users_seal(sealed, plain, n, "label", 5, nonce, key);
		memset(back, 0, n);
		returns = returns &&
				  users_unseal(back, sealed, sealed_len, "label", 5, key) ==
					  USERS_OK &&
				  memcmp(back, plain, n) == 0 && memcmp(sealed, nonce, 24) == 0;
		for (size_t at = 0; at < sealed_len; at++)
		{
			sealed[at] ^= 0x10;
			memset(back, 0x55, n);
			caught = caught && users_unseal(back, sealed, sealed_len, "label",
											5, key) == USERS_FORGED;
			for (size_t i = 0; i < n; i++)
				wiped = wiped && back[i] == 0;
			sealed[at] ^= 0x10;
		}
		free(sealed);
		free(back);
	}
	ok(returns, "0 to 69 bytes come back");
	ok(caught, "each byte flipped is found");
	ok(wiped, "nothing is left then");
}

static void
test_unseal_refusals(void)
{
	uint8_t key[USERS_KEY_BYTES] = { 5 };
	const uint8_t nonce[USERS_SEAL_NONCE] = { 6 };
	uint8_t sealed[8 + USERS_SEAL_OVERHEAD];
	uint8_t back[8 + USERS_SEAL_OVERHEAD];
	bool good = true;

	users_seal(sealed, (const uint8_t *) "12345678", 8, "label", 5, nonce, key);
	is(users_unseal(back, sealed, sizeof(sealed), "label", 5, key), USERS_OK,
	   "as it was");
	is(users_unseal(back, sealed, sizeof(sealed), "labem", 5, key),
	   USERS_FORGED, "another label");
	is(users_unseal(back, sealed, sizeof(sealed), "label", 4, key),
	   USERS_FORGED, "a shorter label");
	is(users_unseal(back, sealed, sizeof(sealed), "", 0, key), USERS_FORGED,
	   "no label");
	for (size_t n = 0; n < sizeof(sealed); n++)
	{
		uint8_t *cut = tap_exact(sealed, n);

		good =
			good && users_unseal(back, cut, n, "label", 5, key) == USERS_FORGED;
		free(cut);
	}
	ok(good, "any fewer bytes");
	key[0] ^= 1;
	is(users_unseal(back, sealed, sizeof(sealed), "label", 5, key),
	   USERS_FORGED, "another key");
	users_seal(sealed, (const uint8_t *) "", 0, "", 0, nonce, key);
	is(users_unseal(back, sealed, USERS_SEAL_OVERHEAD, "", 0, key), USERS_OK,
	   "nothing, without a label");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_derive();
	test_check_value();
	test_borders();
	test_hash();
	test_misuse();
	test_seal();
	test_unseal_refusals();
	return tap_done();
}
