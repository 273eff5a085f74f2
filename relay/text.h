/* Texts that grow, and what makes a foreign one printable. Pure: no server, no
 * clock, no state. */
#ifndef RELAY_TEXT_H
#define RELAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as { 0 }; data ends with a NUL that len does not count, and is NULL
 * before anything was added. The owner calls text_wipe at the end. */
typedef struct Text
{
	char *data;
	size_t len;
	size_t cap;
} Text;

/* Appends; memory that is left behind is wiped, and running out of it ends the
 * program. */
void text_add(Text *text, const char *data, size_t len);
void text_puts(Text *text, const char *data);
void text_number(Text *text, long number);
__attribute__((format(printf, 2, 3))) void text_format(Text *text,
													   const char *format, ...);

/* What it says, "" if nothing was added. */
const char *text_get(const Text *text);

/* Zeroes it, frees it and leaves it empty. */
void text_wipe(Text *text);

/* Zeroes and frees a string on the heap; NULL is fine. */
void string_wipe(char *string);

/* A copy on the heap; never NULL. */
char *string_copy(const char *string);

/* The code point at *at, which moves past it; beyond it only by one octet where
 * the octets are not UTF-8, and then -1 comes back. *at must be before end. */
int32_t utf8_next(const char **at, const char *end);

/* Appends a value that must stay on its line: control characters, line
 * separators and what turns the direction of writing become spaces, octets that
 * are not UTF-8 U+FFFD. */
void text_clean(Text *out, const char *value, size_t len);

/* Whether there is any octet beyond ASCII. */
bool is_ascii(const char *value);

/* Into out what somebody else said (a server's reply, a program's error):
 * cleaned, without addresses of pages and long words, which could be a link or
 * its token, and at most max octets. */
void text_quote(Text *out, const char *said, size_t len, size_t max);

#endif
