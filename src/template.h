/* The table mail_template: what mails say. Inside users_enter_owner. */
#ifndef USERS_TEMPLATE_H
#define USERS_TEMPLATE_H

#include <stdbool.h>

#include "core/template.h"
#include "kind.h"

typedef struct UsersRendered
{
	char *language; /* the template's */
	char *subject;
	char *body_text;
	char *body_html;
} UsersRendered;

/*
 * The mail of a kind with n values put in, in context: in the language wanted,
 * else the default language, else English; an override before the built-in
 * one. False when there is no template of the kind at all, or the mail would
 * become too long.
 */
extern bool users_render(UsersRendered *out, UsersMailKind kind,
						 const char *language, const UsersValue *values,
						 size_t n, MemoryContext context);

extern void users_init_template(void);

#endif
