/* Whether PostgreSQL's roles are what identity may rest on. Both verdicts are
 * remembered until any role or membership changes. */
#ifndef USERS_RIGHTS_H
#define USERS_RIGHTS_H

#include <stdbool.h>

/* Raises 55000 when the session's login inherits a member's rights: it would
 * have them before it authenticates. */
extern void users_check_login(void);

/* Raises 55000 when the role of a token has got more rights than a token may
 * give: a grant made later must not reach whoever holds one. Inside
 * enter_owner. */
extern void users_check_token_role(bool is_admin);

extern void users_init_rights(void);

#endif
