/* Verdicts that the database has not been told yet. */
#ifndef RELAY_LEDGER_H
#define RELAY_LEDGER_H

#include "database.h"

/* Starts as { 0 }. */
typedef struct Ledger
{
	Verdict *verdicts;
	int count;
	int room;
} Ledger;

/* Notes what became of a mail whose lease ends at deadline. */
void ledger_add(Ledger *ledger, const Mail *mail, const Outcome *outcome,
				long deadline);

/* Notes that a mail was not tried, and is due again at once. */
void ledger_put_back(Ledger *ledger, const Mail *mail, long deadline);

/* Tells the database the first of it, unless it was told already, and waits for
 * no answer: it can write while the next mail is on its way. False, with the
 * problem, if it went away. */
bool ledger_tell(Ledger *ledger, Database *database, Text *problem);

/* Tells the database what is left, but for the last rest of it, and hears that
 * it has written it; false likewise. A failure is not told after its lease:
 * another relay may be at that mail. A success is, for it is true whatever
 * others do, and keeps them from it. */
bool ledger_settle(Ledger *ledger, int rest, Database *database, Text *problem);

void ledger_free(Ledger *ledger);

#endif
