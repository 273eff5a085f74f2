#include <sysexits.h>

#include "verdict.h"

/* Replies that speak of authentication or encryption, whatever the command
 * was. */
static bool
asks_for_login(int code)
{
	return code == 530 || code == 534 || code == 535 || code == 538 ||
		   code == 454;
}

void
verdict_of_smtp(Outcome *outcome, bool ok, const Conversation *talk)
{
	int class = talk->code / 100;

	outcome->code = talk->code;
	outcome->trouble = false;
	outcome->result = RESULT_LATER;
	/* The server's word counts, even if something went wrong after it. */
	if (ok || (talk->phase == PHASE_BODY && class == 2))
		outcome->result = RESULT_SENT;
	else if (talk->phase < PHASE_MAIL || (class != 4 && class != 5) ||
			 talk->code == 421 || asks_for_login(talk->code))
		outcome->trouble = true;
	else if (talk->phase == PHASE_MAIL && talk->own_sender && class == 5 &&
			 talk->code != 552)
		/* Our sender is refused: every mail would be, and none is to blame. */
		outcome->trouble = true;
	else if (class == 5)
		outcome->result = RESULT_FAILED;
}

bool
verdict_may_repeat(const Conversation *talk)
{
	return talk->reused && talk->phase < PHASE_BODY &&
		   (talk->code / 100 < 4 || talk->code == 421);
}

void
verdict_of_exit(Outcome *outcome, int code, int signal)
{
	outcome->code = code;
	outcome->trouble = false;
	if (signal != 0 || code == EX_TEMPFAIL)
		outcome->result = RESULT_LATER;
	else
		outcome->result = code == 0 ? RESULT_SENT : RESULT_FAILED;
}

const char *
result_name(Result result)
{
	static const char *const names[] = { [RESULT_SENT] = "sent",
										 [RESULT_LATER] = "later",
										 [RESULT_FAILED] = "failed" };

	return names[result];
}

void
outcome_wipe(Outcome *outcome)
{
	text_wipe(&outcome->error);
	text_wipe(&outcome->advice);
}
