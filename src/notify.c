#include "pg.h"

#include "commands/async.h"
#include "core/uuid.h"
#include "notify.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"
#include "revocation.h"

/* One that was rolled back to before is forgotten, so each has its level. */
typedef struct Pending
{
	pg_uuid_t id;
	int level;
} Pending;

/* More than these wake the relay no better than these. */
#define PENDING_MAX 100

/* Part of the server's queue from which on nobody is notified: readers poll. */
#define QUEUE_USAGE_MAX 0.9

static Pending pending[PENDING_MAX];
static int pending_count = 0;

/* What is said once, whatever happens how often: the lowest nesting level at
 * which it was; 0: it was not. */
static int events_level = 0;
static int keys_level = 0;

void
users_notify_mail(const pg_uuid_t *id)
{
	if (pending_count >= PENDING_MAX)
		return;
	pending[pending_count].id = *id;
	pending[pending_count].level = GetCurrentTransactionNestLevel();
	pending_count++;
}

static void
note(int *lowest)
{
	int level = GetCurrentTransactionNestLevel();

	*lowest = *lowest == 0 ? level : Min(*lowest, level);
}

void
users_notify_events(void)
{
	note(&events_level);
}

void
users_notify_keys(void)
{
	note(&keys_level);
}

/* Whether the commit that is beginning will wait for a standby. */
static bool
waits_for_standbys(void)
{
	return SyncRepStandbyNames != NULL && SyncRepStandbyNames[0] != '\0' &&
		   (users_revocation_noted() || SyncRepRequested());
}

/*
 * Anybody may fill the queue, by listening in a transaction that stays open,
 * and a NOTIFY that finds no room fails the commit. What is left is for those
 * who commit between this and our own turn.
 *
 * To ask takes the lock under which the queue's files are removed: for a full
 * queue that takes seconds, in which what was seen last is believed.
 */
static bool
queue_has_room(void)
{
	static double usage = 0;

	if (LWLockConditionalAcquire(NotifyQueueTailLock, LW_EXCLUSIVE))
	{
		LWLockRelease(NotifyQueueTailLock);
		usage = DatumGetFloat8(OidFunctionCall0(F_PG_NOTIFICATION_QUEUE_USAGE));
	}
	return usage < QUEUE_USAGE_MAX;
}

static void
send_all(void)
{
	if (!queue_has_room())
		return;
	for (int i = 0; i < pending_count; i++)
	{
		UsersUuid id;
		char text[USERS_UUID_TEXT + 1];

		memcpy(&id, &pending[i].id, sizeof(id));
		users_uuid_format(text, &id);
		text[USERS_UUID_TEXT] = '\0';
		Async_Notify("users_mail", text);
	}
	if (events_level > 0)
		Async_Notify("users_events", "");
	if (keys_level > 0)
		Async_Notify("pgrst", "reload config");
}

/* After PREPARE a NOTIFY would be an error: the relay's poll finds the mail. */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT &&
		(pending_count > 0 || events_level > 0 || keys_level > 0) &&
		!waits_for_standbys())
		send_all();
	pending_count = 0;
	events_level = 0;
	keys_level = 0;
}

/* What was noted at a level that ends is taken back or the parent's. */
static void
end_level(int *lowest, SubXactEvent event, int level)
{
	if (*lowest < level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		*lowest = 0;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		*lowest = level - 1;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId mine,
					  SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();

	end_level(&events_level, event, level);
	end_level(&keys_level, event, level);
	if (event == SUBXACT_EVENT_ABORT_SUB)
		while (pending_count > 0 && pending[pending_count - 1].level >= level)
			pending_count--;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (int i = 0; i < pending_count; i++)
			pending[i].level = Min(pending[i].level, level - 1);
}

void
users_init_notify(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
