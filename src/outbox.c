#include "pg.h"

#include <sodium.h>

#include "caller.h"
#include "compose.h"
#include "errors.h"
#include "ids.h"
#include "invitation_mail.h"
#include "mail.h"
#include "outcome.h"
#include "query.h"
#include "resolve.h"
#include "settings.h"
#include "text.h"

#define BATCH_MAX 1000
#define LEASE_MIN ((int64) 10)
#define LEASE_MAX ((int64) SECS_PER_DAY)
#define RETRY_MAX ((int64) 30 * SECS_PER_DAY)
/* What is looked at in a call, for a call that ends soon. */
#define REQUESTS_MAX 5000
#define CLAIMS_MAX	 5000
#define ERROR_MAX	 500
/* Seconds until a mail is tried again whose link somebody has locked. */
#define LOCKED_RETRY 5
/* Back-off: 30 s, then twice as long each time, up to six hours. */
#define FIRST_RETRY	  30
#define LONGEST_RETRY (6 * SECS_PER_HOUR)

/* ---- claiming ---- */

typedef struct Batch
{
	ReturnSetInfo *result;
	MemoryContext context; /* of one mail, reset after each */
	TimestampTz lease_end;
	int wanted;
	int given;
	int seen;	  /* mails that were claimed */
	int requests; /* that were looked at */
} Batch;

/* Why a mail that was claimed is not to be sent, or NULL; *state says what
 * becomes of it. */
static const char *
trouble_with(const UsersClaim *claim, const UsersAccount *account,
			 const UsersLink *link, const char **state)
{
	TimestampTz oldest =
		users_after(GetCurrentTimestamp(), -USERS_UNCLAIMED_MAX);

	*state = "failed";
	if (claim->kind == USERS_MAIL_KINDS)
		return "there is no such kind of mail";
	if (claim->attempt > users_settings.mail_max_attempts)
		return "no relay said what became of it";
	*state = "expired";
	if (!claim->nobody && !account->exists)
		return "the account is gone";
	if (!claim->has_link)
		return NULL;
	if (link == NULL || !users_link_lives(link, account))
		return "the link is over";
	if (link->expires_at == 0 && claim->created_at < oldest)
		return "no relay claimed it in time";
	return NULL;
}

/* The link of a mail, ready to be handed out. *locked: somebody has it just
 * now, for whom a relay does not wait. */
static UsersLink *
link_of(UsersLink *row, const UsersClaim *claim, bool *locked,
		MemoryContext context)
{
	*locked = false;
	if (!claim->has_link ||
		!users_read_link(row, &claim->user_id, &claim->link_id, context) ||
		row->kind == USERS_MAIL_KINDS)
		return NULL;
	*locked = row->expires_at == 0 && !users_take_link(row, context);
	return row;
}

/* Gives one mail out, or up, or back. */
static void
give(Batch *batch, const UsersClaim *claim)
{
	UsersAccount account = { .exists = false };
	UsersLink row;
	UsersLink *link;
	Datum values[USERS_MAIL_COLUMNS];
	bool nulls[USERS_MAIL_COLUMNS];
	bool locked;
	const char *state;
	const char *trouble;

	if (!claim->nobody)
		(void) users_find_account(&account, &claim->user_id, batch->context);
	link = link_of(&row, claim, &locked, batch->context);
	if (locked)
	{
		users_put_back(&claim->id,
					   users_after(GetCurrentTimestamp(), LOCKED_RETRY));
		return;
	}
	trouble = trouble_with(claim, &account, link, &state);
	if (trouble == NULL && link != NULL &&
		!users_bind_to_invitation(link, batch->context))
		trouble = "the invitation is over";
	if (trouble == NULL &&
		!users_compose(values, nulls, claim, &account, link, batch->context))
	{
		state = "failed";
		trouble = "it has no template, or becomes too long";
	}
	if (trouble == NULL)
	{
		tuplestore_putvalues(batch->result->setResult, batch->result->setDesc,
							 values, nulls);
		batch->given++;
	}
	else
		users_give_up_mail(claim, state, trouble);
}

static void
claim_all(Batch *batch, const pg_uuid_t *ids, int n)
{
	UsersClaim *claims;
	int count =
		users_claim(&claims, ids, n, batch->lease_end, CurrentMemoryContext);

	for (int i = 0; i < count; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(batch->context);

		give(batch, &claims[i]);
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch->context);
	}
	batch->seen += count;
}

/* What is due and nobody else's, class by class. */
typedef struct Due
{
	pg_uuid_t ids[USERS_MAIL_CLASSES][BATCH_MAX];
	int count[USERS_MAIL_CLASSES];
} Due;

/* Looks for as many of each class as are wanted, among what was asked for by
 * address too. */
static void
find_due(Batch *batch, Due *due, int wanted)
{
	for (int c = 0; c < USERS_MAIL_CLASSES; c++)
	{
		UsersMailClass mail_class = (UsersMailClass) (c + 1);

		due->count[c] = users_lock_due(due->ids[c], mail_class, wanted);
		if (due->count[c] == wanted || batch->requests >= REQUESTS_MAX)
			continue;
		batch->requests += users_resolve_requests(
			mail_class, wanted - due->count[c], REQUESTS_MAX - batch->requests);
		due->count[c] = users_lock_due(due->ids[c], mail_class, wanted);
	}
}

/* Of what is due one of each class in turn, as many as are wanted; how many.
 * Chance says which is first, or a batch of one would never reach the others.
 */
static int
take_turns(pg_uuid_t *ids, const Due *due, int wanted)
{
	int first = (int) randombytes_uniform(USERS_MAIL_CLASSES);
	int n = 0;
	bool more = true;

	for (int i = 0; more && n < wanted; i++)
	{
		more = false;
		for (int turn = 0; turn < USERS_MAIL_CLASSES && n < wanted; turn++)
		{
			int c = (first + turn) % USERS_MAIL_CLASSES;

			if (i >= due->count[c])
				continue;
			ids[n++] = due->ids[c][i];
			more = true;
		}
	}
	return n;
}

/* Claims until the batch is full or nothing is due. */
static void
fill_batch(Batch *batch)
{
	Due *due = palloc(sizeof(Due));
	pg_uuid_t *ids = palloc(BATCH_MAX * sizeof(pg_uuid_t));
	int n = 1;

	while (n > 0 && batch->given < batch->wanted && batch->seen < CLAIMS_MAX)
	{
		int wanted = batch->wanted - batch->given;

		find_due(batch, due, wanted);
		n = take_turns(ids, due, wanted);
		if (n > 0)
			claim_all(batch, ids, n);
	}
}

/* Argument n, an interval, in seconds; outside of lowest to highest 22023. */
static int64
read_seconds(FunctionCallInfo fcinfo, int n, int64 lowest, int64 highest,
			 const char *argument)
{
	Interval *interval = PG_GETARG_INTERVAL_P(n);
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64 seconds = interval->time / USECS_PER_SEC + days * SECS_PER_DAY;

	if (seconds < lowest || seconds > highest)
		users_raise_detail(USERS_E_RANGE, argument,
						   "It is %lld to %lld seconds.", (long long) lowest,
						   (long long) highest);
	return seconds;
}

/* Rows hold tokens, and what is above work_mem goes to disk. */
static void
begin_result(FunctionCallInfo fcinfo)
{
	int nest_level = NewGUCNestLevel();

	(void) set_config_option("work_mem", "1GB", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	InitMaterializedSRF(fcinfo, 0);
	AtEOXact_GUC(true, nest_level);
}

PG_FUNCTION_INFO_V1(users_claim_mail);

/* users_claim_mail(batch integer, lease interval) SETOF users_mail */
Datum
users_claim_mail(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Batch batch = { 0 };
	UsersUncounted uncounted;
	int64 lease = 0;

	users_begin(&call, "users_claim_mail", USERS_WRITES | USERS_SECRET);
	batch.wanted = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0);
	if (batch.wanted < 1 || batch.wanted > BATCH_MAX)
		users_raise_detail(USERS_E_RANGE, "batch", "It is 1 to %d.", BATCH_MAX);
	if (PG_ARGISNULL(1))
		users_raise(USERS_E_RANGE, "lease");
	lease = read_seconds(fcinfo, 1, LEASE_MIN, LEASE_MAX, "lease");
	begin_result(fcinfo);
	batch.result = (ReturnSetInfo *) fcinfo->resultinfo;
	batch.lease_end = users_after(GetCurrentTimestamp(), lease);
	users_enter_owner(&call);
	batch.context = AllocSetContextCreate(CurrentMemoryContext, "users mail",
										  ALLOCSET_DEFAULT_SIZES);
	/* What the relay does for known addresses only must not show. */
	users_stop_counting(&uncounted);
	fill_batch(&batch);
	users_count_again(&uncounted);
	/* As if each of them had been somebody's. */
	users_count_inserts("mail", batch.requests);
	users_count_inserts("link", batch.requests);
	users_leave_owner(&call);
	return (Datum) 0;
}

/* ---- settling ---- */

typedef struct Settlement
{
	pg_uuid_t id;
	bool sent;
	bool tried;
	bool permanent;
	int64 retry_after; /* seconds; -1: by the back-off */
	char error[ERROR_MAX];
	bool settled;
} Settlement;

/* Seconds until the next attempt, a quarter more or less: what failed together
 * is not tried again together. */
static int64
back_off(int attempts)
{
	int64 wait = FIRST_RETRY;

	for (int i = 1; i < attempts && wait < LONGEST_RETRY; i++)
		wait *= 2;
	wait = Min(wait, LONGEST_RETRY);
	return wait * 3 / 4 + randombytes_uniform((uint32) (wait / 2 + 1));
}

static void
settle(void *argument)
{
	Settlement *settlement = argument;
	int attempts = users_lock_claimed(&settlement->id);
	int64 wait;
	TimestampTz again_at;

	settlement->settled = attempts >= 0;
	if (!settlement->settled)
		return;
	if (settlement->sent)
	{
		users_mark_sent(&settlement->id);
		return;
	}
	wait = settlement->retry_after >= 0 ? settlement->retry_after
										: back_off(attempts);
	again_at = users_after(GetCurrentTimestamp(), wait);
	if (settlement->permanent ||
		(settlement->tried && attempts >= users_settings.mail_max_attempts))
		users_mark_failed(&settlement->id, settlement->error, 0);
	else if (settlement->tried)
		users_mark_failed(&settlement->id, settlement->error, again_at);
	else
		users_put_back(&settlement->id, again_at);
}

/* Runs work as the owner, uncounted; US016 when a lock does not come. */
static void
work_patiently(UsersCall *call, void (*work)(void *), void *argument)
{
	UsersUncounted uncounted;

	users_enter_owner(call);
	users_stop_counting(&uncounted);
	if (!users_with_patience(work, argument))
		users_raise_busy();
	users_count_again(&uncounted);
	users_leave_owner(call);
}

PG_FUNCTION_INFO_V1(users_mail_sent);
PG_FUNCTION_INFO_V1(users_mail_failed);
PG_FUNCTION_INFO_V1(users_retry_mail);
PG_FUNCTION_INFO_V1(users_discard_mail);

/* users_mail_sent(id uuid) boolean */
Datum
users_mail_sent(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Settlement settlement = { .sent = true };

	users_begin(&call, "users_mail_sent", USERS_WRITES);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	settlement.id = *PG_GETARG_UUID_P(0);
	work_patiently(&call, settle, &settlement);
	PG_RETURN_BOOL(settlement.settled);
}

/* users_mail_failed(id uuid, error text, permanent boolean, retry_after
 * interval) boolean */
Datum
users_mail_failed(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Settlement settlement = { .retry_after = -1 };

	/* A mail server's answer names the recipient. */
	users_begin(&call, "users_mail_failed", USERS_WRITES | USERS_SECRET);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	settlement.id = *PG_GETARG_UUID_P(0);
	settlement.permanent = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	settlement.tried = !PG_ARGISNULL(1);
	if (settlement.tried)
	{
		text *error = PG_GETARG_TEXT_PP(1);

		(void) users_printable_text(settlement.error, sizeof(settlement.error),
									VARDATA_ANY(error),
									VARSIZE_ANY_EXHDR(error));
	}
	if (!PG_ARGISNULL(3))
		settlement.retry_after =
			read_seconds(fcinfo, 3, 0, RETRY_MAX, "retry_after");
	work_patiently(&call, settle, &settlement);
	PG_RETURN_BOOL(settlement.settled);
}

/* ---- administration ---- */

typedef struct Change
{
	pg_uuid_t id;
	bool (*change)(const pg_uuid_t *id);
	bool changed;
} Change;

static void
change_one(void *argument)
{
	Change *change = argument;

	change->changed = change->change(&change->id);
}

static bool
change_mail(FunctionCallInfo fcinfo, const char *function,
			bool (*how)(const pg_uuid_t *id))
{
	UsersCall call;
	Change change = { .change = how };

	users_begin(&call, function, USERS_WRITES);
	users_require_administrator(&call);
	if (PG_ARGISNULL(0))
		return false;
	change.id = *PG_GETARG_UUID_P(0);
	work_patiently(&call, change_one, &change);
	return change.changed;
}

/* users_retry_mail(id uuid) boolean */
Datum
users_retry_mail(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(change_mail(fcinfo, "users_retry_mail", users_make_due));
}

/* users_discard_mail(id uuid) boolean */
Datum
users_discard_mail(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(change_mail(fcinfo, "users_discard_mail", users_discard));
}
