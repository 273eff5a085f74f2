/* What an attempt's end means, and what is told of it. */
#include <sodium.h>

#include "tap.h"
#include "verdict.h"

typedef struct Case
{
	Phase phase;
	int code;
	Result result;
	bool trouble;
	const char *name;
} Case;

static const Case cases[] = {
	{ PHASE_CONNECT, 0, RESULT_LATER, true, "no server" },
	{ PHASE_CONNECT, 550, RESULT_LATER, true, "refused at the greeting" },
	{ PHASE_LOGIN, 535, RESULT_LATER, true, "wrong password" },
	{ PHASE_LOGIN, 454, RESULT_LATER, true, "no TLS just now" },
	{ PHASE_LOGIN, 250, RESULT_LATER, true, "the handshake failed" },
	{ PHASE_MAIL, 530, RESULT_LATER, true, "login wanted" },
	{ PHASE_RCPT, 538, RESULT_LATER, true, "encryption wanted" },
	{ PHASE_MAIL, 451, RESULT_LATER, false, "MAIL put off" },
	{ PHASE_MAIL, 553, RESULT_FAILED, false, "the mail's sender refused" },
	{ PHASE_MAIL, 552, RESULT_FAILED, false, "too big" },
	{ PHASE_RCPT, 450, RESULT_LATER, false, "RCPT put off" },
	{ PHASE_RCPT, 550, RESULT_FAILED, false, "RCPT refused" },
	{ PHASE_RCPT, 421, RESULT_LATER, true, "the server leaves" },
	{ PHASE_RCPT, 0, RESULT_LATER, true, "broken before DATA" },
	{ PHASE_DATA, 554, RESULT_FAILED, false, "DATA refused" },
	{ PHASE_BODY, 0, RESULT_LATER, true, "broken in the message" },
	{ PHASE_BODY, 354, RESULT_LATER, true, "go on, then broken" },
	{ PHASE_BODY, 452, RESULT_LATER, false, "message put off" },
	{ PHASE_BODY, 554, RESULT_FAILED, false, "message refused" },
	{ PHASE_BODY, 250, RESULT_SENT, false, "accepted, then broken" },
};

static void
smtp(void)
{
	Outcome outcome = { 0 };
	Conversation ours = { .phase = PHASE_MAIL, .own_sender = true };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Conversation talk = { .phase = cases[i].phase, .code = cases[i].code };

		verdict_of_smtp(&outcome, false, &talk);
		ok(outcome.result == cases[i].result &&
			   outcome.trouble == cases[i].trouble &&
			   outcome.code == cases[i].code,
		   "%s", cases[i].name);
	}
	ours.code = 553;
	verdict_of_smtp(&outcome, false, &ours);
	ok(outcome.result == RESULT_LATER && outcome.trouble, "our sender refused");
	ours.code = 552;
	verdict_of_smtp(&outcome, false, &ours);
	ok(outcome.result == RESULT_FAILED && !outcome.trouble, "ours, too big");
	verdict_of_smtp(&outcome, true, &ours);
	ok(outcome.result == RESULT_SENT, "sent");
}

/* For each phase: whether another connection may be tried. */
static void
repeats(void)
{
	for (int phase = PHASE_CONNECT; phase <= PHASE_BODY; phase++)
	{
		Conversation talk = { .phase = (Phase) phase, .reused = true };

		ok(verdict_may_repeat(&talk) == (phase < PHASE_BODY),
		   "broken in phase %d", phase);
		talk.code = 550;
		ok(!verdict_may_repeat(&talk), "refused in phase %d", phase);
		talk.code = 421;
		ok(verdict_may_repeat(&talk) == (phase < PHASE_BODY),
		   "left in phase %d", phase);
		talk.reused = false;
		ok(!verdict_may_repeat(&talk), "new connection, phase %d", phase);
	}
}

static void
exits(void)
{
	Outcome outcome = { 0 };

	for (int code = 0; code < 256; code++)
	{
		Result wanted = code == 0	 ? RESULT_SENT
						: code == 75 ? RESULT_LATER
									 : RESULT_FAILED;

		verdict_of_exit(&outcome, code, 0);
		if (outcome.result != wanted || outcome.trouble)
			ok(false, "exit code %d", code);
	}
	verdict_of_exit(&outcome, 137, 9);
	ok(outcome.result == RESULT_LATER && outcome.code == 137, "a signal");
	ok(strcmp(result_name(RESULT_SENT), "sent") == 0 &&
		   strcmp(result_name(RESULT_LATER), "later") == 0 &&
		   strcmp(result_name(RESULT_FAILED), "failed") == 0,
	   "names");
}

/* ---- what others say */

static void
quoted(const char *said, size_t max, const char *wanted)
{
	Text out = { 0 };

	text_quote(&out, said, strlen(said), max);
	if (!ok(strcmp(text_get(&out), wanted) == 0, "quoted: %s", wanted))
		printf("# got %s\n", text_get(&out));
	text_wipe(&out);
}

static void
quotes(void)
{
	quoted("550 5.1.1 No such user", ERROR_MAX, "550 5.1.1 No such user");
	quoted("550 <a@b>:\r\n no \x01 such\x7f", ERROR_MAX, "550 <a@b>: no such");
	quoted("spam: https://x.org/?token=abc here", ERROR_MAX,
		   "spam: [...] here");
	quoted("(http://x)", ERROR_MAX, "[...]");
	quoted("t=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.", ERROR_MAX, "[...]");
	quoted("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ERROR_MAX,
		   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	quoted("one two three", 9, "one two");
	quoted("Größe \xff", ERROR_MAX, "Größe \xef\xbf\xbd");
	quoted("", ERROR_MAX, "");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	smtp();
	repeats();
	exits();
	quotes();
	return tap_done();
}
