#include "pg.h"

#include "account_edit.h"
#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "invitation.h"
#include "link.h"
#include "mail.h"
#include "purge.h"
#include "query.h"

/* Accounts that are purged together: one busy mail keeps so many back. */
#define BATCH 100

/* Whose rows are to go. */
typedef struct Leaving
{
	Datum user_ids; /* uuid[] */
	/* The same, and the ids under which stand what was mailed to their
	 * addresses and was nobody's: invitations and links to sign up. */
	Datum mailbox_ids;
	Datum emails; /* text[], in lower case */
	/* From then on the addresses were free, and may be somebody else's: what
	 * was mailed to them since is left to its own end. */
	TimestampTz free_since;
} Leaving;

/* Adds what was known of an address; not when it is somebody else's by now. */
static void
add_mailbox(ArrayBuildState *ids, ArrayBuildState *emails, char *email)
{
	UsersAccount nobody;

	if (!users_find_identifier(&nobody, email, strlen(email)))
		users_raise_busy();
	if (nobody.exists)
		return;
	for (char *c = email; *c != '\0'; c++)
		*c = (char) pg_ascii_tolower((unsigned char) *c);
	(void) accumArrayResult(ids, UUIDPGetDatum(&nobody.user_id), false, UUIDOID,
							CurrentMemoryContext);
	(void) accumArrayResult(emails, CStringGetTextDatum(email), false, TEXTOID,
							CurrentMemoryContext);
}

static void
find_leaving(Leaving *leaving, const pg_uuid_t *user_ids, int n)
{
	MemoryContext context = CurrentMemoryContext;
	ArrayBuildState *ids = initArrayResult(UUIDOID, context, false);
	ArrayBuildState *mailboxes = initArrayResult(UUIDOID, context, false);
	ArrayBuildState *emails = initArrayResult(TEXTOID, context, false);

	for (int i = 0; i < n; i++)
	{
		UsersAccount account;
		Datum id = UUIDPGetDatum(&user_ids[i]);

		(void) accumArrayResult(ids, id, false, UUIDOID, context);
		(void) accumArrayResult(mailboxes, id, false, UUIDOID, context);
		if (users_find_account(&account, &user_ids[i], context))
			add_mailbox(mailboxes, emails, account.email);
	}
	leaving->user_ids = makeArrayResult(ids, context);
	leaving->mailbox_ids = makeArrayResult(mailboxes, context);
	leaving->emails = makeArrayResult(emails, context);
	leaving->free_since = users_first_deletion(leaving->user_ids);
}

int64
users_purge_accounts_of(const pg_uuid_t *user_ids, int n)
{
	Leaving leaving;
	int64 rows;

	find_leaving(&leaving, user_ids, n);
	rows = users_forget_links(leaving.mailbox_ids, leaving.free_since);
	rows += users_forget_mail(leaving.mailbox_ids, leaving.free_since);
	rows += users_forget_requests(leaving.user_ids, leaving.emails,
								  leaving.free_since);
	rows += users_forget_invitations(leaving.user_ids, leaving.emails,
									 leaving.free_since);
	/* What is left refers to the account, and goes with it. */
	return rows + users_delete_accounts(leaving.user_ids);
}

typedef struct Batch
{
	TimestampTz before;
	pg_uuid_t *ids;
	int n;
	int64 rows;
} Batch;

static void
purge_batch(void *argument)
{
	Batch *batch = argument;

	batch->n = users_lock_deleted(&batch->ids, batch->before, BATCH,
								  CurrentMemoryContext);
	if (batch->n > 0)
		batch->rows = users_purge_accounts_of(batch->ids, batch->n);
}

int64
users_purge_accounts(TimestampTz before, int max)
{
	Batch batch = { .before = before, .n = BATCH };
	int64 rows = 0;

	/* What does not come in two seconds comes the next time. */
	while (rows < max && batch.n == BATCH &&
		   users_with_patience(purge_batch, &batch))
	{
		for (int i = 0; i < batch.n; i++)
			users_audit_caller("account_purged", &batch.ids[i], NULL, NULL);
		rows += batch.n > 0 ? batch.rows : 0;
	}
	return rows;
}
