#include "pg.h"

#include "access/xlog.h"
#include "errors.h"
#include "revocation.h"
#include "settings.h"

static bool noted = false;

void
users_note_revocation(void)
{
	noted = true;
}

bool
users_revocation_noted(void)
{
	return noted && users_settings.synchronous_revocation;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			/* The last moment: deferred triggers have run, no statement of the
			 * caller follows. */
			if (users_revocation_noted() &&
				synchronous_commit < SYNCHRONOUS_COMMIT_REMOTE_APPLY)
				(void) set_config_option("synchronous_commit", "remote_apply",
										 PGC_USERSET, PGC_S_SESSION,
										 GUC_ACTION_LOCAL, true, 0, false);
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (noted)
				ereport(
					ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg(
						 "cannot PREPARE a transaction that has ended sessions or revoked a key"),
					 errdetail("Its commit would not wait for the standbys."),
					 users_errhide()));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			noted = false;
			break;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			break;
	}
}

void
users_init_revocation(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
}
