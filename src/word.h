/*
 * Permissions by number: what judges hundreds of thousands of rows a second
 * compares numbers, not words. A number is this backend's own and never means
 * another word. Only words that were defined get one, so nobody fills the
 * memory with invented ones. The tables object_type and permission are
 * read here as the statement's snapshot shows them, and without any right.
 */
#ifndef USERS_WORD_H
#define USERS_WORD_H

#include <stdbool.h>

#include "nodes/bitmapset.h"

#include "permission.h"

/* A defined permission's number; -1 when there is no such permission (or, for
 * object_type:*, no such type). */
extern int users_find_word(const UsersPermission *permission);

/* Likewise for a word that stands in our own tables, without looking whether
 * it is defined. */
extern int users_word(const UsersPermission *permission);

/* The number of the word object_type:* of a type in our own tables; -1 for what
 * can be none. */
extern int users_word_of_type(const char *object_type, size_t len);

/* The number of the word object_type:* of the same type: of itself for such. */
extern int users_word_all(int word);

/* The word, and the length of its type. */
extern const char *users_word_text(int word);
extern int users_word_type_len(int word);

/* The numbers of a text[], in the present memory context. */
extern Bitmapset *users_words(Datum permissions);

/* The numbers of all permissions that are defined (none of object_type:*),
 * sorted by the word; in the present memory context. Switches to users_owner
 * by itself. */
extern int *users_defined_words(int *count);

extern void users_init_word(void);

#endif
