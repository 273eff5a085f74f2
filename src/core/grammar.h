/* The grammars of addresses, usernames and names. Texts are UTF-8. */
#ifndef USERS_GRAMMAR_H
#define USERS_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#define USERS_EMAIL_MAX	   254
#define USERS_USERNAME_MAX 32
#define USERS_NAME_MAX	   100 /* characters */

/* An address of the WHATWG HTML input type=email grammar, 1 to
 * USERS_EMAIL_MAX octets. Not trimmed: trim first. */
UsersStatus users_email_check(const char *text, size_t len) USERS_CHECKED;

/* 1 to 32 of A-Z a-z 0-9 _ - . beginning with a letter or digit, dots single
 * and not last. */
UsersStatus users_username_check(const char *text, size_t len) USERS_CHECKED;

/* Lower case of A-Z only, len bytes from text to out (which may be text):
 * both grammars above are ASCII. */
void users_fold(char *out, const char *text, size_t len);

/* Moves *text and *len past white space at both ends: ASCII space, \t \n \v
 * \f \r, U+0085, U+00A0, U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F,
 * U+3000. Invalid UTF-8 is not trimmed. */
void users_trim(const char **text, size_t *len);

/* Code points of valid UTF-8 in *count; USERS_MALFORMED for invalid UTF-8
 * (overlong forms, surrogates, above U+10FFFF). */
UsersStatus users_utf8_count(size_t *count, const char *text,
							 size_t len) USERS_CHECKED;

/*
 * The name of a person, domain or role, already trimmed: 1 to max characters,
 * valid UTF-8, no control character (C0, DEL, C1, U+2028, U+2029), no
 * explicit bidirectional formatting (U+202A-202E, U+2066-2069), which reorders
 * the text around it, and no U+FEFF or U+FFF9-FFFB. Single marks U+200E,
 * U+200F and joiners U+200C, U+200D are part of written languages and stay,
 * but a name needs at least one other character. USERS_TOO_SHORT,
 * USERS_TOO_LONG or USERS_MALFORMED.
 */
UsersStatus users_name_check(const char *text, size_t len,
							 size_t max) USERS_CHECKED;

/* Stands for the token in a page's address. */
#define USERS_LINK_PLACE   "{token}"
#define USERS_LINK_URL_MAX 1024

/* The address of a page that takes a token: https:// or http://, a host,
 * printable ASCII without white space and quotes, and exactly one
 * USERS_LINK_PLACE, after the host. */
UsersStatus users_link_url_check(const char *text, size_t len) USERS_CHECKED;

/* A mail's sender: an address, or a display name (as users_name_check, without
 * quotes, backslash and angle brackets) and an address in angle brackets. */
UsersStatus users_sender_check(const char *text, size_t len) USERS_CHECKED;

/* Text that is kept as given and shown again (labels, user agents): copies at
 * most cap - 1 bytes of whole characters, and ends it with NUL. Invalid bytes
 * and what names may not hold (control characters, bidirectional formatting,
 * U+FEFF, U+FFF9-FFFB) become U+FFFD, or '?' where that does not fit. Returns
 * the length. */
size_t users_printable(char *out, size_t cap, const char *text, size_t len);

#endif
