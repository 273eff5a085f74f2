#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ledger.h"
#include "log.h"

/* By then another relay has sent it once more, or given it up. */
#define SENT_HOLDS_MS 3600000L

static void
copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

static Verdict *
next_verdict(Ledger *ledger, const Mail *mail, long deadline)
{
	Verdict *verdict;

	if (ledger->count == ledger->room)
	{
		int room = 2 * ledger->room + 16;
		Verdict *more =
			realloc(ledger->verdicts, (size_t) room * sizeof(*more));

		if (more == NULL)
			abort();
		ledger->verdicts = more;
		ledger->room = room;
	}
	verdict = &ledger->verdicts[ledger->count++];
	*verdict = (Verdict){ .deadline = deadline };
	copy(verdict->id, sizeof(verdict->id), mail->id);
	return verdict;
}

void
ledger_add(Ledger *ledger, const Mail *mail, const Outcome *outcome,
		   long deadline)
{
	Verdict *verdict = next_verdict(ledger, mail, deadline);

	verdict->result = outcome->result;
	copy(verdict->error, sizeof(verdict->error), text_get(&outcome->error));
}

void
ledger_put_back(Ledger *ledger, const Mail *mail, long deadline)
{
	Verdict *verdict = next_verdict(ledger, mail, deadline);

	verdict->result = RESULT_LATER;
	verdict->put_back = true;
}

static bool
is_too_late(const Verdict *verdict)
{
	long grace = verdict->result == RESULT_SENT ? SENT_HOLDS_MS : 0;

	return clock_now() >= verdict->deadline + grace;
}

bool
ledger_tell(Ledger *ledger, Database *database, Text *problem)
{
	if (ledger->count == 0 || database->told ||
		is_too_late(&ledger->verdicts[0]))
		return true;
	return database_tell(database, &ledger->verdicts[0], problem);
}

bool
ledger_settle(Ledger *ledger, int rest, Database *database, Text *problem)
{
	int done = 0;
	bool good = true;

	while (done < ledger->count - rest)
	{
		const Verdict *verdict = &ledger->verdicts[done];
		bool known = true;

		/* What has been told is the first. */
		if (!database->told && is_too_late(verdict))
			log_say(LEVEL_WARNING,
					"mail id=%s: its lease ended before the database could be "
					"told; it will be offered again",
					verdict->id);
		else
			good =
				(database->told || database_tell(database, verdict, problem)) &&
				database_hear(database, &known, problem);
		if (!good)
			break;
		if (!known)
			log_say(LEVEL_DEBUG, "mail id=%s was settled already", verdict->id);
		done++;
	}
	if (done > 0)
		memmove(ledger->verdicts, ledger->verdicts + done,
				(size_t) (ledger->count - done) * sizeof(*ledger->verdicts));
	ledger->count -= done;
	return good;
}

void
ledger_free(Ledger *ledger)
{
	free(ledger->verdicts);
	*ledger = (Ledger){ 0 };
}
