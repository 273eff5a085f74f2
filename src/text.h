/* Texts between the database's encoding and UTF-8, which the core reads. */
#ifndef USERS_TEXT_H
#define USERS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a text of the database's encoding is a name of 1 to max characters,
 * as users_name_check has it. */
extern bool users_is_name(const char *name, size_t max);

/* Copies text that is kept and shown again (labels, user agents): printable,
 * in the database's encoding, at most cap - 1 bytes and a NUL. The length. */
extern size_t users_printable_text(char *out, size_t cap, const char *text,
								   size_t len);

#endif
