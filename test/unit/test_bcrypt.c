#include "bcrypt.h"

#include "tap.h"

/* Salt and digest of a known answer of OpenBSD's. */
#define BODY "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"

typedef struct Case
{
	const char *text;
	UsersStatus status;
	unsigned cost;
} Case;

static const Case cases[] = {
	{ "$2b$12$" BODY, USERS_OK, 12 },
	{ "$2a$12$" BODY, USERS_OK, 12 },
	{ "$2y$12$" BODY, USERS_OK, 12 },
	{ "$2b$04$" BODY, USERS_OK, 4 },
	{ "$2b$15$" BODY, USERS_OK, 15 },
	{ "$2b$16$" BODY, USERS_OVERPRICED, 0 },
	{ "$2b$31$" BODY, USERS_OVERPRICED, 0 },
	{ "$2y$99$" BODY, USERS_OVERPRICED, 0 },
	{ "$2b$03$" BODY, USERS_MALFORMED, 0 },
	{ "$2b$00$" BODY, USERS_MALFORMED, 0 },
	{ "$2b$1$" BODY "W", USERS_MALFORMED, 0 },
	{ "$2b$012$" BODY, USERS_MALFORMED, 0 },
	{ "$2b$+9$" BODY, USERS_MALFORMED, 0 },
	{ "$2b$ 9$" BODY, USERS_MALFORMED, 0 },
	{ "$2b$12," BODY, USERS_MALFORMED, 0 },
	{ "$2$12$" BODY, USERS_UNSUPPORTED, 0 },
	{ "$2x$12$" BODY, USERS_UNSUPPORTED, 0 },
	{ "$2c$12$" BODY, USERS_MALFORMED, 0 },
	{ "$2B$12$" BODY, USERS_MALFORMED, 0 },
	{ "$3b$12$" BODY, USERS_MALFORMED, 0 },
	{ " $2b$12$" BODY, USERS_MALFORMED, 0 },
	{ "{BCRYPT}$2b$12$" BODY, USERS_MALFORMED, 0 },
	{ "$2b$12$" BODY "\n", USERS_MALFORMED, 0 },
	{ "$2b$12$" BODY ".", USERS_MALFORMED, 0 },
	{ "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMU+",
	  USERS_MALFORMED, 0 },
	{ "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMU=",
	  USERS_MALFORMED, 0 },
	{ "$2b$12$R9h/cIPz0gi.URNNX3kh2$PST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
	  USERS_MALFORMED, 0 },
	{ "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWM\xc3\x9c",
	  USERS_MALFORMED, 0 },
	{ "", USERS_MALFORMED, 0 },
	{ "$", USERS_MALFORMED, 0 },
	{ "$2", USERS_MALFORMED, 0 },
	{ "$2$", USERS_UNSUPPORTED, 0 },
	{ "$2b", USERS_MALFORMED, 0 },
	{ "$2b$", USERS_MALFORMED, 0 },
	{ "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	  USERS_MALFORMED, 0 },
};

static UsersStatus
parse(unsigned *cost, const char *text, size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status;

	*cost = 77;
	status = users_bcrypt_parse(cost, copy, len);
	free(copy);
	return status;
}

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		unsigned cost;
		UsersStatus status = parse(&cost, cases[i].text, strlen(cases[i].text));

		ok(status == cases[i].status && cost == cases[i].cost,
		   "case %zu has the status %d", i, (int) cases[i].status);
	}
}

static void
test_lengths(void)
{
	const char *text = "$2b$12$" BODY;
	bool good = true;
	unsigned cost;

	for (size_t len = 0; len < strlen(text); len++)
		good = good && parse(&cost, text, len) == USERS_MALFORMED && cost == 0;
	ok(good, "cut off it is refused");
	is(parse(&cost, "$2b$12$" BODY "\0", USERS_BCRYPT_TEXT + 1),
	   USERS_MALFORMED, "NUL behind it");
}

/* Each byte in each place of salt and digest: the alphabet has 64. */
static void
test_alphabet(void)
{
	char text[USERS_BCRYPT_TEXT + 1] = "$2b$12$" BODY;
	int taken = 0;
	unsigned cost;

	for (int c = 0; c < 256; c++)
		for (size_t i = 7; i < USERS_BCRYPT_TEXT; i++)
		{
			char before = text[i];

			text[i] = (char) c;
			taken += parse(&cost, text, USERS_BCRYPT_TEXT) == USERS_OK;
			text[i] = before;
		}
	is(taken, 64 * 53, "an alphabet of 64");
}

int
main(void)
{
	test_cases();
	test_lengths();
	test_alphabet();
	return tap_done();
}
