/* The tables language and theme: what a person may choose from. Inside
 * enter_owner. */
#ifndef USERS_CHOICE_H
#define USERS_CHOICE_H

#include <stdbool.h>

/* Whether there is such a language or theme. */
extern bool users_language_exists(const char *code);
extern bool users_theme_exists(const char *name);

/* Argument n: a language or theme that there is, NULL for NULL; US007. */
extern char *users_language_argument(FunctionCallInfo fcinfo, int n);
extern char *users_theme_argument(FunctionCallInfo fcinfo, int n);

/* All of their names, text[] in context. */
extern Datum users_language_names(MemoryContext context);
extern Datum users_theme_names(MemoryContext context);

extern void users_init_choice(void);

#endif
