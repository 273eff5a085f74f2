/* The tables language and theme: what a person may choose from. Inside
 * enter_owner. */
#ifndef USERS_CHOICE_H
#define USERS_CHOICE_H

#include <stdbool.h>

/* Whether there is such a language or theme. */
extern bool users_language_exists(const char *code);
extern bool users_theme_exists(const char *name);

/* All of their names, text[] in context. */
extern Datum users_language_names(MemoryContext context);
extern Datum users_theme_names(MemoryContext context);

extern void users_init_choice(void);

#endif
