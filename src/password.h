/* Passwords: normal form, policy, hashes. Copies live in two slots of this
 * module and nowhere else, and are wiped at the end of the call, however it
 * ends. */
#ifndef USERS_PASSWORD_H
#define USERS_PASSWORD_H

#include <sodium.h>
#include <stdbool.h>

#define USERS_PASSWORD_MAX 1024 /* characters */

typedef struct UsersPassword
{
	size_t len; /* bytes */
	size_t characters;
	bool too_long; /* more than USERS_PASSWORD_MAX: bytes is empty */
	char bytes[USERS_PASSWORD_MAX * 4 + 1]; /* NUL-terminated */
	/* As it was typed, for hashes that other programs made; empty when that is
	 * longer. */
	size_t typed_len;
	char typed[USERS_PASSWORD_MAX * 4 + 1]; /* NUL-terminated */
} UsersPassword;

typedef enum UsersPasswordSlot
{
	USERS_PRESENT_PASSWORD,
	USERS_NEW_PASSWORD,
	USERS_PASSWORD_SLOTS
} UsersPasswordSlot;

typedef char UsersPasswordHash[crypto_pwhash_STRBYTES];

/* Copies argument n of the call (NULL: empty) in normal form C. */
extern const UsersPassword *users_take_password(FunctionCallInfo fcinfo, int n,
												UsersPasswordSlot slot);

/* Wipes both slots. Also done by itself when a transaction aborts. */
extern void users_wipe_passwords(void);

/*
 * Raises US003, with reason and score, unless the password fits length and
 * strength; context is a NULL-terminated list of the person's own words.
 * Wipes the slots first.
 */
extern void users_require_strong(const UsersPassword *password,
								 const char *argument,
								 const char *const *context);

/* Whether two passwords are the same, in constant time. */
extern bool users_same_password(const UsersPassword *a, const UsersPassword *b);

/* Argon2id with the present parameters, under the governor's slot. False when
 * there is no memory for it, which is then in the log: answer busy. */
extern bool users_hash_password(UsersPasswordHash out,
								const UsersPassword *password);

typedef enum UsersMatch
{
	USERS_NO_MATCH,
	USERS_MATCH,
	USERS_MATCH_UNKNOWN /* no memory to find out: answer busy */
} UsersMatch;

/*
 * Whether password is what hash (NULL: there is none) was made of; as_typed: it
 * was made elsewhere, of the bytes that were typed, and not of their normal
 * form. One hash is computed: its own, or where there is none, or one beyond
 * the caps, one of the present parameters, and then the answer is no, as for a
 * password too long to be right. Under the governor's slot.
 */
extern UsersMatch users_verify_hash(const char *hash, bool as_typed,
									const UsersPassword *password);

/* Whether the hash should be made anew with the present parameters. */
extern bool users_hash_is_old(const char *hash);

extern void users_init_password(void);

#endif
