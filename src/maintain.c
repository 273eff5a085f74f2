#include "pg.h"

#include "audit.h"
#include "caller.h"
#include "device.h"
#include "domain.h"
#include "events.h"
#include "ids.h"
#include "invitation.h"
#include "link.h"
#include "mail.h"
#include "purge.h"
#include "session.h"
#include "settings.h"

/* Rows of a task in one call: it ends soon, and is called again. */
#define ROWS_MAX 10000
/* What is settled or over is kept so long, from when it was made, for who looks
 * after it. */
#define SETTLED_KEPT (30 * SECS_PER_DAY)
/* Nobody is mailed what was asked for longer ago. */
#define REQUESTS_KEPT SECS_PER_DAY
/* The longest life of an access token: before, a standby has to be able to tell
 * a session that has ended from one that it has not heard of. */
#define SESSIONS_KEPT SECS_PER_DAY

typedef struct Task
{
	const char *name;
	int kept;				 /* seconds */
	const int *kept_setting; /* NULL: kept; else a setting says it */
	int64 (*purge)(TimestampTz before, int max);
} Task;

static const Task tasks[] = {
	{ "mail_requests", REQUESTS_KEPT, NULL, users_purge_requests },
	{ "mails", SETTLED_KEPT, NULL, users_purge_mail },
	{ "links", SETTLED_KEPT, NULL, users_purge_links },
	{ "invitations", SETTLED_KEPT, NULL, users_purge_invitations },
	{ "devices", USERS_DEVICE_MEMORY, NULL, users_purge_devices },
	{ "events", 0, &users_settings.event_retention, users_purge_events },
	{ "domains", 0, &users_settings.deletion_grace, users_purge_domains },
	{ "accounts", 0, &users_settings.deletion_grace, users_purge_accounts },
	{ "sessions", SESSIONS_KEPT, NULL, users_purge_sessions },
	{ "audit_events", 0, &users_settings.audit_retention, users_purge_audit },
};

PG_FUNCTION_INFO_V1(users_maintain);

/* users_maintain() SETOF users_task_result */
Datum
users_maintain(PG_FUNCTION_ARGS)
{
	UsersCall call;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	users_begin(&call, "users_maintain", USERS_WRITES);
	users_require_administrator(&call);
	InitMaterializedSRF(fcinfo, 0);
	users_enter_owner(&call);
	for (size_t i = 0; i < lengthof(tasks); i++)
	{
		const Task *task = &tasks[i];
		int64 kept =
			task->kept_setting == NULL ? task->kept : *task->kept_setting;
		TimestampTz before = users_after(GetCurrentTimestamp(), -kept);
		Datum values[] = { CStringGetTextDatum(task->name),
						   Int64GetDatum(task->purge(before, ROWS_MAX)) };
		bool nulls[] = { false, false };

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	users_leave_owner(&call);
	return (Datum) 0;
}
