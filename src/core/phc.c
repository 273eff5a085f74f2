#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "phc.h"

#define SALT_MIN 8
#define HASH_MIN 16
#define PART_MAX 64

typedef struct Reader
{
	const char *at;
	const char *end;
} Reader;

/* Moves past word if it comes next. */
static bool
take_word(Reader *reader, const char *word)
{
	size_t len = strlen(word);

	if ((size_t) (reader->end - reader->at) < len ||
		memcmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

/* A positive number without leading zeros; one beyond 32 bits is as good as the
 * greatest of them, which is beyond every cap. */
static bool
take_number(Reader *reader, uint32_t *number)
{
	const char *start = reader->at;
	uint64_t value = 0;

	for (; reader->at < reader->end; reader->at++)
	{
		char c = *reader->at;

		if (c < '0' || c > '9')
			break;
		value = value * 10 + (uint64_t) (c - '0');
		if (value > UINT32_MAX)
			value = UINT32_MAX;
	}
	*number = (uint32_t) value;
	return reader->at > start && *start != '0';
}

/* A dollar sign and base64 of min to PART_MAX bytes up to the next dollar sign
 * or the end. */
static bool
take_bytes(Reader *reader, size_t min, size_t *n)
{
	uint8_t bytes[PART_MAX];
	const char *start;
	bool good;

	if (!take_word(reader, "$"))
		return false;
	/* The library takes bytes beyond ASCII for the alphabet's last character.
	 */
	start = reader->at;
	while (reader->at < reader->end && *reader->at != '$' &&
		   (unsigned char) *reader->at < 0x80)
		reader->at++;
	good = sodium_base642bin(bytes, sizeof(bytes), start,
							 (size_t) (reader->at - start), NULL, n, NULL,
							 sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
	sodium_memzero(bytes, sizeof(bytes));
	return good && *n >= min;
}

/* Whether text begins like a hash of some algorithm: a name between dollar
 * signs. */
static bool
is_named(Reader reader)
{
	const char *start;

	if (!take_word(&reader, "$"))
		return false;
	start = reader.at;
	while (reader.at < reader.end &&
		   ((*reader.at >= 'a' && *reader.at <= 'z') ||
			(*reader.at >= '0' && *reader.at <= '9') || *reader.at == '-'))
		reader.at++;
	return reader.at > start && take_word(&reader, "$");
}

/* What stands between the version and the end. */
static bool
take_rest(Reader *reader, UsersPhc *phc)
{
	return take_word(reader, "$m=") && take_number(reader, &phc->memory_kib) &&
		   take_word(reader, ",t=") && take_number(reader, &phc->iterations) &&
		   take_word(reader, ",p=") && take_number(reader, &phc->lanes) &&
		   take_bytes(reader, SALT_MIN, &phc->salt_len) &&
		   take_bytes(reader, HASH_MIN, &phc->hash_len) &&
		   reader->at == reader->end &&
		   /* Argon2 asks for eight blocks a lane. */
		   phc->memory_kib / 8 >= phc->lanes;
}

static UsersStatus
read_hash(UsersPhc *phc, Reader reader)
{
	uint32_t version;

	if (reader.end - reader.at > USERS_PHC_TEXT_MAX || !is_named(reader))
		return USERS_MALFORMED;
	if (!take_word(&reader, "$argon2id$"))
		return USERS_UNSUPPORTED;
	if (!take_word(&reader, "v=") || !take_number(&reader, &version))
		return USERS_MALFORMED;
	if (version != 19)
		return USERS_UNSUPPORTED;
	if (!take_rest(&reader, phc))
		return USERS_MALFORMED;
	if (phc->memory_kib > USERS_PHC_MAX_MEMORY_KIB ||
		phc->iterations > USERS_PHC_MAX_ITERATIONS ||
		phc->lanes > USERS_PHC_MAX_LANES)
		return USERS_OVERPRICED;
	return USERS_OK;
}

UsersStatus
users_phc_parse(UsersPhc *phc, const char *text, size_t len)
{
	Reader reader = { text, text + len };
	UsersStatus status;

	memset(phc, 0, sizeof(*phc));
	status = read_hash(phc, reader);
	if (status != USERS_OK)
		memset(phc, 0, sizeof(*phc));
	return status;
}
