#include "pg.h"

#include "errors.h"
#include "identity.h"
#include "power.h"

void
users_require_power_over(const UsersCall *call, const UsersAccount *account)
{
	const UsersIdentity *identity = users_identity();

	if (identity != NULL &&
		memcmp(&identity->user_id, &account->user_id, sizeof(pg_uuid_t)) == 0)
		return;
	users_require_administrator(call);
	if (account->is_admin && !users_is_dba(call))
		users_raise(USERS_E_OTHER_ADMIN, NULL);
}
