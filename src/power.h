/* Who may change whose account. */
#ifndef USERS_POWER_H
#define USERS_POWER_H

#include "account.h"
#include "caller.h"

/* Raises 42501 unless the caller may: one's own account; as an administrator
 * anybody's but an administrator's; as a DBA those too. */
extern void users_require_power_over(const UsersCall *call,
									 const UsersAccount *account);

#endif
