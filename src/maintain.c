#include "pg.h"

#include "caller.h"
#include "device.h"
#include "ids.h"
#include "link.h"
#include "mail.h"

/* Rows of a task in one call: it ends soon, and is called again. */
#define ROWS_MAX 10000
/* What is settled or over is kept so long, from when it was made, for who looks
 * after it. */
#define SETTLED_KEPT (30 * SECS_PER_DAY)
/* Nobody is mailed what was asked for longer ago. */
#define REQUESTS_KEPT SECS_PER_DAY

typedef struct Task
{
	const char *name;
	int kept; /* seconds */
	int64 (*purge)(TimestampTz before, int max);
} Task;

static const Task tasks[] = {
	{ "mail_requests", REQUESTS_KEPT, users_purge_requests },
	{ "mails", SETTLED_KEPT, users_purge_mail },
	{ "links", SETTLED_KEPT, users_purge_links },
	{ "devices", USERS_DEVICE_MEMORY, users_purge_devices },
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
		TimestampTz before =
			users_after(GetCurrentTimestamp(), -(int64) tasks[i].kept);
		Datum values[] = { CStringGetTextDatum(tasks[i].name),
						   Int64GetDatum(tasks[i].purge(before, ROWS_MAX)) };
		bool nulls[] = { false, false };

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	users_leave_owner(&call);
	return (Datum) 0;
}
