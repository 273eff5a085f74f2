/* Stored password hashes: the PHC string format, before any work is done. */
#ifndef USERS_PHC_H
#define USERS_PHC_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Caps on what a stored hash may ask of the server. */
#define USERS_PHC_MAX_MEMORY_KIB (1024 * 1024)
#define USERS_PHC_MAX_ITERATIONS 10
#define USERS_PHC_MAX_LANES		 16
#define USERS_PHC_TEXT_MAX		 127 /* crypto_pwhash_STRBYTES - 1 */

typedef struct UsersPhc
{
	uint32_t memory_kib;
	uint32_t iterations;
	uint32_t lanes;
	size_t salt_len; /* bytes */
	size_t hash_len; /* bytes */
} UsersPhc;

/*
 * Reads "$argon2id$v=19$m=...,t=...,p=...$salt$hash". USERS_UNSUPPORTED for
 * another algorithm or version, USERS_OVERPRICED beyond the caps,
 * USERS_MALFORMED for anything else (leading zeros, more than
 * USERS_PHC_TEXT_MAX characters, less than 8 KiB a lane, salt shorter than 8 or
 * longer than 64 bytes, hash shorter than 16 or longer than 64 bytes included;
 * salt and hash are standard base64 without padding). On failure *phc is all
 * zero.
 */
UsersStatus users_phc_parse(UsersPhc *phc, const char *text,
							size_t len) USERS_CHECKED;

#endif
