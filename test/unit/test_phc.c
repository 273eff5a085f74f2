#include <sodium.h>

#include "phc.h"

#include "tap.h"

#define ARGON "$argon2id$v=19$"
#define COST  ARGON "m=65536,t=2,p=1$"
#define SALT  "c29tZXNhbHQ"
#define HASH  "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

typedef struct Case
{
	const char *text;
	UsersStatus status;
} Case;

static UsersStatus
parse(UsersPhc *phc, const char *text, size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status;

	memset(phc, 0x55, sizeof(*phc));
	status = users_phc_parse(phc, copy, len);
	free(copy);
	return status;
}

/* Known answers of the reference implementation's own tests, made again with
 * its command: what is parsed is what the library verifies. */
static void
test_known_answers(void)
{
	static const struct
	{
		const char *password;
		const char *hash;
		UsersPhc phc;
	} answers[] = {
		{ "password", COST SALT "$" HASH, { 65536, 2, 1, 8, 32 } },
		{ "password",
		  ARGON "m=65536,t=1,p=1$" SALT
				"$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
		  { 65536, 1, 1, 8, 32 } },
		{ "password",
		  ARGON "m=65536,t=4,p=1$" SALT
				"$kCXUjmjvc5XMqQedpMTsOv+zyJEf5PhtGiUghW9jFyw",
		  { 65536, 4, 1, 8, 32 } },
		{ "password",
		  ARGON "m=256,t=2,p=1$" SALT
				"$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		  { 256, 2, 1, 8, 32 } },
		{ "password",
		  ARGON "m=256,t=2,p=2$" SALT
				"$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		  { 256, 2, 2, 8, 32 } },
		{ "differentpassword",
		  COST SALT "$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94",
		  { 65536, 2, 1, 8, 32 } },
		{ "password",
		  COST "ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw",
		  { 65536, 2, 1, 8, 32 } },
		{ "pass",
		  ARGON "m=1024,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$6etCbJRWzg49vfIFNRCzuA",
		  { 1024, 3, 4, 16, 16 } },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
	{
		const char *hash = answers[i].hash;
		UsersPhc phc;

		ok(parse(&phc, hash, strlen(hash)) == USERS_OK &&
			   phc.memory_kib == answers[i].phc.memory_kib &&
			   phc.iterations == answers[i].phc.iterations &&
			   phc.lanes == answers[i].phc.lanes &&
			   phc.salt_len == answers[i].phc.salt_len &&
			   phc.hash_len == answers[i].phc.hash_len,
		   "known answer %zu is read", i);
		ok(crypto_pwhash_str_verify(hash, answers[i].password,
									strlen(answers[i].password)) == 0,
		   "known answer %zu is the password's", i);
		ok(crypto_pwhash_str_verify(hash, "Password", 8) != 0,
		   "known answer %zu is not another's", i);
	}
}

static void
test_own(void)
{
	char text[crypto_pwhash_STRBYTES];
	UsersPhc phc;

	if (crypto_pwhash_str_alg(text, "x", 1, 1, 8192,
							  crypto_pwhash_ALG_ARGON2ID13) != 0)
		abort();
	ok(parse(&phc, text, strlen(text)) == USERS_OK && phc.memory_kib == 8 &&
		   phc.iterations == 1 && phc.lanes == 1 && phc.salt_len == 16 &&
		   phc.hash_len == 32,
	   "what the library writes");
	if (crypto_pwhash_str_alg(text, "x", 1, 3, 8192,
							  crypto_pwhash_ALG_ARGON2I13) != 0)
		abort();
	is(parse(&phc, text, strlen(text)), USERS_UNSUPPORTED,
	   "what it writes for argon2i");
}

static const Case cases[] = {
	{ ARGON "m=8,t=1,p=1$" SALT "$" HASH, USERS_OK },
	{ ARGON "m=1048576,t=10,p=16$" SALT "$" HASH, USERS_OK },
	{ ARGON "m=128,t=10,p=16$" SALT "$" HASH, USERS_OK },
	{ ARGON "m=1048577,t=1,p=1$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=4294967295,t=1,p=1$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=4294967296,t=1,p=1$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=18446744073709551616,t=1,p=1$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=99999999999999999999999,t=1,p=1$" SALT "$" HASH,
	  USERS_OVERPRICED },
	{ ARGON "m=8,t=11,p=1$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=8,t=4294967297,p=1$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=136,t=1,p=17$" SALT "$" HASH, USERS_OVERPRICED },
	{ ARGON "m=4294967295,t=1,p=4294967297$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=7,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=15,t=1,p=2$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=0,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=0,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=1,p=0$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=08,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=01,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=1,p=01$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=+8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=-8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m= 8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8 ,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=0x8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "t=1,m=8,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=1,p=1,x=1$" SALT "$" HASH, USERS_MALFORMED },
	{ ARGON "m=8,t=1,p=1,keyid=AAAA$" SALT "$" HASH, USERS_MALFORMED },
	{ "$argon2id$v=16$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$argon2id$v=20$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$argon2id$v=99999999999$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$argon2id$v=019$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "$argon2id$v=$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "$argon2id$v=19,m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "$argon2id$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "$argon2i$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$argon2d$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$argon2idx$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$argon2$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_UNSUPPORTED },
	{ "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
	  USERS_UNSUPPORTED },
	{ "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4Cb",
	  USERS_UNSUPPORTED },
	{ "$6$salt$hash", USERS_UNSUPPORTED },
	{ "$Argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ " $argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "{ARGON2}$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH, USERS_MALFORMED },
	{ "", USERS_MALFORMED },
	{ "$", USERS_MALFORMED },
	{ "$$", USERS_MALFORMED },
	{ "$argon2id", USERS_MALFORMED },
	{ "$argon2id$", USERS_MALFORMED },
	{ "5f4dcc3b5aa765d61d8327deb882cf99", USERS_MALFORMED },
	{ COST SALT "$" HASH "$", USERS_MALFORMED },
	{ COST SALT "$" HASH "=", USERS_MALFORMED },
	{ COST SALT "$" HASH "\n", USERS_MALFORMED },
	{ COST SALT "$" HASH " ", USERS_MALFORMED },
	{ COST SALT "=$" HASH, USERS_MALFORMED },
	{ COST SALT "$", USERS_MALFORMED },
	{ COST SALT, USERS_MALFORMED },
	{ COST "$" HASH, USERS_MALFORMED },
	{ COST "c29tZXNhbHR$" HASH, USERS_MALFORMED },
	{ COST "c29tZXNhbH$" HASH, USERS_MALFORMED },
	{ COST "c29tZXNhb-Q$" HASH, USERS_MALFORMED },
	{ COST "c29tZXNhb_Q$" HASH, USERS_MALFORMED },
	{ COST "c29tZXNh\xffHQ$" HASH, USERS_MALFORMED },
	{ COST "AAAAAAAAAA$" HASH, USERS_MALFORMED },
	{ COST SALT "$AAAAAAAAAAAAAAAAAAAA", USERS_MALFORMED },
	{ COST SALT "$AAAAAAAAAAAAAAAAAAAAAA", USERS_OK },
	{ COST SALT "$AAAAAAAAAAAAAAAAAAAAAB", USERS_MALFORMED },
	{ COST SALT
	  "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	  "A",
	  USERS_OK },
};

/* (S3) */
static void
test_cases(void)
{
	static const UsersPhc zero;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		UsersPhc phc;
		UsersStatus status = parse(&phc, cases[i].text, strlen(cases[i].text));

		ok(status == cases[i].status &&
			   (status == USERS_OK || memcmp(&phc, &zero, sizeof(phc)) == 0),
		   "status %d: %s", (int) cases[i].status,
		   strlen(cases[i].text) > 99 || strpbrk(cases[i].text, "\n\xff")
			   ? "(long or not printable)"
			   : cases[i].text);
	}
}

/* Salts and hashes of every length. 127 characters are not enough for both at
 * their greatest. */
static void
test_lengths(void)
{
	bool good = true;
	UsersPhc phc;

	for (size_t salt = 0; salt < 70; salt++)
		for (size_t hash = 0; hash < 70; hash++)
		{
			char text[256];
			size_t len = strlen(ARGON "m=8,t=1,p=1$");
			bool fits;

			memcpy(text, ARGON "m=8,t=1,p=1$", len);
			memset(text + len, 'A', (salt * 4 + 2) / 3);
			len += (salt * 4 + 2) / 3;
			text[len++] = '$';
			memset(text + len, 'A', (hash * 4 + 2) / 3);
			len += (hash * 4 + 2) / 3;
			fits = salt >= 8 && salt <= 64 && hash >= 16 && hash <= 64 &&
				   len <= USERS_PHC_TEXT_MAX;
			if (parse(&phc, text, len) != (fits ? USERS_OK : USERS_MALFORMED) ||
				(fits && (phc.salt_len != salt || phc.hash_len != hash)))
				good = false;
		}
	ok(good, "salts and hashes of 0 to 69 bytes");
	good = true;
	for (size_t len = 0; len < strlen(COST SALT "$" HASH) - 21; len++)
		good = good && parse(&phc, COST SALT "$" HASH, len) != USERS_OK;
	ok(good, "cut off it is refused");
	is(parse(&phc, COST SALT "$" HASH "\0", strlen(COST SALT "$" HASH) + 1),
	   USERS_MALFORMED, "NUL behind it");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_known_answers();
	test_own();
	test_cases();
	test_lengths();
	return tap_done();
}
