/* The table site, and with the settings what mails are made of. Look-ups work
 * inside users_enter_owner. */
#ifndef USERS_SITE_H
#define USERS_SITE_H

#include "kind.h"

/* A front end as mails see it: its own values, else the settings'. */
typedef struct UsersSite
{
	const char *name; /* NULL: none was named */
	const char *reset_url;
	const char *verify_url;
	const char *invitation_url;
	const char *registration_url;
	const char *sender; /* empty: the relay's own */
	const char *product_name;
} UsersSite;

/* The site of that name, NULL for none; one that is not known (any more) is as
 * none. Texts in context or of the settings. */
extern void users_find_site(UsersSite *site, const char *name,
							MemoryContext context);

/* Argument n, the name of a site, or NULL; US015 for one that is not known. */
extern char *users_site_argument(FunctionCallInfo fcinfo, int n);

/* The page for a kind of link with the token put in, in the present memory
 * context. */
extern char *users_site_link(const UsersSite *site, UsersMailKind kind,
							 const char *token);

/* The host that message ids are named after: of the sender's address, else of
 * the page for passwords. In the present memory context. */
extern char *users_site_host(const UsersSite *site);

extern void users_init_site(void);

#endif
