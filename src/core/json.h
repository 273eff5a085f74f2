/*
 * A strict reader of one JSON object (RFC 8259): what it accepts, every other
 * reader understands in the same way. Nothing is copied or allocated, nested
 * values are checked and skipped.
 */
#ifndef USERS_JSON_H
#define USERS_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#define USERS_JSON_DEPTH 16 /* levels below the object itself */

typedef enum UsersJsonType
{
	USERS_JSON_STRING = 1,
	USERS_JSON_NUMBER,
	USERS_JSON_OBJECT,
	USERS_JSON_ARRAY,
	USERS_JSON_LITERAL /* true, false, null */
} UsersJsonType;

/* A piece of the text that was read: of a string what stands between its
 * quotes, of other values all of it. */
typedef struct UsersJsonText
{
	const char *data;
	size_t len;
	bool escaped; /* holds a backslash */
} UsersJsonText;

typedef struct UsersJsonMember
{
	UsersJsonText name;
	UsersJsonText value;
	UsersJsonType type;
} UsersJsonMember;

/*
 * Reads an object and the white space around it, in valid UTF-8, into at most
 * cap members, which point into text. USERS_MALFORMED for any other text, for
 * two members of one name (however it is spelled), for escapes of half a
 * surrogate pair and for values nested deeper than USERS_JSON_DEPTH;
 * USERS_TOO_LONG for more members. On failure *n is 0. Takes time in
 * proportion to len + cap * cap.
 */
UsersStatus users_json_object(UsersJsonMember *members, size_t cap, size_t *n,
							  const char *text, size_t len) USERS_CHECKED;

/* The member of that name, or NULL. */
const UsersJsonMember *users_json_find(const UsersJsonMember *members, size_t n,
									   const char *name);

/* Whether a name or a string value that was read is this word. */
bool users_json_is(const UsersJsonText *text, const char *word);

/* Copies a name or a string value to out, its escapes decoded, and sets *len;
 * no NUL is added, but one may come from an escape. USERS_TOO_LONG when it does
 * not fit in cap bytes, with *len 0. */
UsersStatus users_json_decode(char *out, size_t cap, size_t *len,
							  const UsersJsonText *text) USERS_CHECKED;

#endif
