/*
 * Refresh tokens: derived, not stored. The session's row keeps the counter and
 * the random part of the present token and of the one before; without the
 * key neither is a token.
 */
#ifndef USERS_REFRESH_H
#define USERS_REFRESH_H

#include <stddef.h>
#include <stdint.h>

#include "keyring.h"
#include "status.h"
#include "uuid.h"

#define USERS_REFRESH_RANDOM 16
#define USERS_REFRESH_MAC	 32
#define USERS_SESSION_NONCE	 16
/* base64url of 16 + 16 + 8 + 16 + 32 bytes */
#define USERS_REFRESH_TEXT 118

typedef struct UsersRefresh
{
	UsersUuid user_id;
	UsersUuid session_id;
	uint64_t counter; /* 1 for the first token of a session */
	uint8_t random[USERS_REFRESH_RANDOM];
} UsersRefresh;

/* Writes exactly USERS_REFRESH_TEXT characters, no NUL. The tag covers the
 * word "refresh", the fields and the session's nonce. */
void users_refresh_mint(char *out, const UsersRefresh *token,
						const uint8_t nonce[USERS_SESSION_NONCE],
						const uint8_t key[USERS_KEY_BYTES]);

/* Takes a token apart, its tag NOT yet checked. USERS_MALFORMED, with token and
 * mac wiped, for anything but USERS_REFRESH_TEXT characters of strict base64url
 * with a counter of 1 or more. */
UsersStatus users_refresh_parse(UsersRefresh *token,
								uint8_t mac[USERS_REFRESH_MAC],
								const char *text, size_t len) USERS_CHECKED;

UsersStatus
users_refresh_verify(const UsersRefresh *token,
					 const uint8_t mac[USERS_REFRESH_MAC],
					 const uint8_t nonce[USERS_SESSION_NONCE],
					 const uint8_t key[USERS_KEY_BYTES]) USERS_CHECKED;

typedef enum UsersRefreshVerdict
{
	USERS_REFRESH_CURRENT, /* rotate */
	USERS_REFRESH_AGAIN,  /* the one before, within the grace: same successor */
	USERS_REFRESH_REUSED, /* spent: somebody has a copy, end the session */
	USERS_REFRESH_LOST /* of a rotation that never was: refuse, nothing more */
} UsersRefreshVerdict;

/* Where the session stands; times in microseconds of one clock. A counter of
 * 1 has no previous token. */
typedef struct UsersRefreshState
{
	uint64_t counter;
	uint8_t current[USERS_REFRESH_RANDOM];
	uint8_t previous[USERS_REFRESH_RANDOM];
	int64_t rotated_at;
} UsersRefreshState;

/*
 * Judges a token whose tag has been found genuine. A genuine token with a
 * counter ahead of the session's, or with another random part than the session
 * knows for its counter, comes from a rotation that was rolled back. A grace of
 * 0 means none.
 */
UsersRefreshVerdict users_refresh_judge(const UsersRefresh *token,
										const UsersRefreshState *state,
										int64_t now, int64_t grace);

#endif
