/* Password strength, by zxcvbn. */
#ifndef USERS_STRENGTH_H
#define USERS_STRENGTH_H

#include "status.h"

typedef enum UsersWeakness
{
	USERS_WEAK_GUESSABLE = 0, /* nothing in particular */
	USERS_WEAK_TOO_SHORT,
	USERS_WEAK_TOO_LONG,
	USERS_WEAK_CONTAINS_NAME,
	USERS_WEAK_COMMON,
	USERS_WEAK_REPEATED,
	USERS_WEAK_SEQUENCE,
	USERS_WEAK_KEYBOARD,
	USERS_WEAK_DATE
} UsersWeakness;

typedef struct UsersStrength
{
	int score;		   /* 0 to 4: how many of 10^3 10^6 10^8 10^10 guesses are
						* exceeded */
	UsersWeakness why; /* of the part of the password that decides */
} UsersStrength;

/* The word of DETAIL "reason: ..." */
const char *users_weakness_name(UsersWeakness why);

/*
 * Rates a NUL-terminated password. context is a NULL-terminated list of
 * NUL-terminated words (address, username, names, product) that count as
 * guessed first, compared without regard to case (of A-Z); the function also
 * offers the parts of each (split at @ . _ - and space, three characters or
 * more). Of the words and then the parts, the first 32 are looked at, and 64
 * bytes of each. zxcvbn reads the first 100 bytes of the password; the rest
 * counts for nothing.
 */
void users_strength(UsersStrength *strength, const char *password,
					const char *const *context);

#endif
