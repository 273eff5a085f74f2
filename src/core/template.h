/*
 * Templates of mails: text with placeholders {{name}}, nothing else. A name is
 * 1 to USERS_PLACEHOLDER_MAX of a-z 0-9 _, with spaces around it if one likes.
 * A "{{" that begins no placeholder is malformed; a "}}" alone is text.
 */
#ifndef USERS_CORE_TEMPLATE_H
#define USERS_CORE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#define USERS_TEMPLATE_MAX	  (100 * 1024)
#define USERS_PLACEHOLDER_MAX 32
#define USERS_TEMPLATE_BAD	  40

typedef enum UsersEscape
{
	USERS_ESCAPE_NONE,
	USERS_ESCAPE_HTML /* & < > " ' become references, of values only */
} UsersEscape;

typedef struct UsersValue
{
	const char *name;
	const char *value; /* NULL: empty */
} UsersValue;

/*
 * USERS_TOO_LONG above USERS_TEMPLATE_MAX bytes, USERS_MALFORMED for a "{{"
 * that begins no placeholder and USERS_UNSUPPORTED for a placeholder that is
 * not in names, a list that ends with NULL. For these two *bad and *bad_len
 * are the piece at fault, in text: to the "}}" if it is near, otherwise the
 * whole characters (of UTF-8) in at most USERS_TEMPLATE_BAD bytes. They are
 * NULL and 0 otherwise.
 */
UsersStatus users_template_check(const char *text, size_t len,
								 const char *const *names, const char **bad,
								 size_t *bad_len) USERS_CHECKED;

/* Whether a template has a placeholder of that name. */
bool users_template_has(const char *text, size_t len, const char *name);

/* Bytes that filling writes before the NUL in *length; USERS_TOO_LONG, and 0,
 * when these are more than cap. */
UsersStatus users_template_length(size_t *length, size_t cap, const char *text,
								  size_t len, const UsersValue *values,
								  size_t n, UsersEscape escape) USERS_CHECKED;

/* Writes exactly the bytes that users_template_length says, and NUL. Values
 * are not looked at for placeholders. Of two values with one name the first
 * counts. What a check would have refused does no harm: a placeholder without
 * value is empty, braces that begin none stay. */
void users_template_fill(char *out, const char *text, size_t len,
						 const UsersValue *values, size_t n,
						 UsersEscape escape);

#endif
