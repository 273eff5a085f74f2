#include <sysexits.h>

#include "carrier.h"
#include "clock.h"
#include "database.h"
#include "ledger.h"
#include "log.h"
#include "notify.h"
#include "relay.h"

#define DATABASE_FIRST_MS 500
#define DATABASE_MAX_MS	  30000
#define CARRIER_FIRST_MS  1000
#define CARRIER_MAX_MS	  60000
/* Between two claims that find nothing, however many notifications come. */
#define CALM_MS 200
/* A service manager wants to hear from us that often. */
#define REST_MAX_MS 5000
/* Kept of a lease beyond what a mail may take: for ending a program and telling
 * the database. */
#define LEASE_SPARE_MS (EXEC_GRACE_SECONDS * 1000L)

/* Something that can be away. */
typedef struct Health
{
	int failures;  /* since it last worked */
	long next_try; /* by clock_now */
	bool said;	   /* that it is away */
} Health;

typedef struct Relay
{
	const Options *options;
	Settings settings;
	Database database;
	Health database_health;
	Carrier carrier;
	Health carrier_health;
	bool carrier_ready; /* a probe went well, and nothing went wrong since */
	Batch batch;
	Ledger ledger;
	bool incomplete; /* a mail was not sent */
} Relay;

/* ---- what is away */

static void
fails(Health *health, long first, long max)
{
	health->next_try =
		clock_now() + clock_backoff(health->failures, first, max);
	health->failures++;
}

static void
works(Health *health, const char *what)
{
	if (health->said)
		log_say(LEVEL_INFO, "%s: works again", what);
	*health = (Health){ 0 };
}

static void
database_fails(Relay *relay, const Text *problem)
{
	Health *health = &relay->database_health;

	if (!health->said)
		log_say(LEVEL_ERROR, "database: %s; trying again until it works",
				text_get(problem));
	health->said = true;
	fails(health, DATABASE_FIRST_MS, DATABASE_MAX_MS);
}

static void
carrier_fails(Relay *relay, const Outcome *outcome)
{
	Health *health = &relay->carrier_health;

	if (!health->said)
		log_say(LEVEL_ERROR, "%s: %s; no mail is claimed until it works",
				relay->carrier.name, text_get(&outcome->advice));
	health->said = true;
	relay->carrier_ready = false;
	fails(health, CARRIER_FIRST_MS, CARRIER_MAX_MS);
}

/* Waits for a notification, a signal or some time. */
static void
rest(Relay *relay, long ms)
{
	Text problem = { 0 };

	notify("WATCHDOG=1");
	if (!database_is_open(&relay->database))
		(void) clock_wait(NULL, 0, ms);
	else if (!database_wait(&relay->database, ms))
	{
		text_puts(&problem, "the connection was closed");
		database_fails(relay, &problem);
		text_wipe(&problem);
	}
}

/* Waits until it is time for another try, or until a signal came. */
static void
wait_for(Relay *relay, const Health *health)
{
	long left;

	while (!asked.stop && !asked.reload &&
		   (left = health->next_try - clock_now()) > 0)
		rest(relay, left < REST_MAX_MS ? left : REST_MAX_MS);
}

/* ---- the database */

static bool
open_database(Relay *relay)
{
	Text problem = { 0 };
	bool first = relay->database_health.failures == 0;
	bool good;

	wait_for(relay, &relay->database_health);
	if (asked.stop || asked.reload)
		return false;
	good = database_connect(&relay->database, &relay->settings, &problem);
	if (!good)
		database_fails(relay, &problem);
	else if (first)
		log_say(LEVEL_INFO, "database: connected");
	text_wipe(&problem);
	return good;
}

/* All mails but the last, of which the database is only told, when another is
 * to be sent meanwhile. */
static bool
settle(Relay *relay)
{
	Text problem = { 0 };
	bool more = relay->batch.next < relay->batch.count;
	bool good = ledger_settle(&relay->ledger, more ? 1 : 0, &relay->database,
							  &problem) &&
				ledger_tell(&relay->ledger, &relay->database, &problem);

	if (!good)
		database_fails(relay, &problem);
	text_wipe(&problem);
	return good;
}

/* ---- mails */

/* The mails that were claimed and not tried are due again. */
static void
put_back_rest(Relay *relay)
{
	Batch *batch = &relay->batch;

	for (; batch->next < batch->count; batch->next++)
	{
		Mail mail = batch_mail(batch, batch->next);

		ledger_put_back(&relay->ledger, &mail, batch->deadline);
	}
	batch_wipe(batch);
}

static void
after_sending(Relay *relay, const Outcome *outcome)
{
	if (outcome->result != RESULT_SENT)
		relay->incomplete = true;
	if (outcome->trouble)
	{
		carrier_fails(relay, outcome);
		put_back_rest(relay);
	}
	else
		works(&relay->carrier_health, relay->carrier.name);
}

static void
send_next(Relay *relay)
{
	Batch *batch = &relay->batch;
	Mail mail = batch_mail(batch, batch->next);
	Outcome outcome = { 0 };
	long began = clock_now();

	/* A server can use up the time-out twice: for its refusal, and for the
	 * answer to our QUIT. */
	if (began + 2 * relay->settings.timeout * 1000L + LEASE_SPARE_MS >
		batch->deadline)
	{
		put_back_rest(relay);
		return;
	}
	carrier_send(&relay->carrier, &mail, &outcome);
	log_mail(&(MailLine){ .id = mail.id,
						  .kind = mail.kind,
						  .recipient = mail.recipient,
						  .attempt = mail.attempt,
						  .ms = clock_now() - began },
			 &outcome);
	ledger_add(&relay->ledger, &mail, &outcome, batch->deadline);
	batch_wipe_mail(batch, batch->next);
	batch->next++;
	after_sending(relay, &outcome);
	outcome_wipe(&outcome);
}

static void
probe(Relay *relay)
{
	Outcome outcome = { 0 };

	wait_for(relay, &relay->carrier_health);
	if (asked.stop || asked.reload || !database_is_open(&relay->database))
		return;
	relay->carrier_ready = carrier_probe(&relay->carrier, &outcome);
	if (!relay->carrier_ready)
	{
		relay->incomplete = true;
		carrier_fails(relay, &outcome);
	}
	outcome_wipe(&outcome);
}

/* Nothing is due: waits for a notification or until it is time to ask. */
static void
idle(Relay *relay)
{
	long calm = clock_now() + CALM_MS;

	carrier_rest(&relay->carrier);
	rest(relay, relay->settings.poll * 1000L);
	if (!asked.stop && !asked.reload)
		(void) clock_wait(NULL, 0, calm - clock_now());
}

/* False if nothing is due. */
static bool
claim(Relay *relay)
{
	Text problem = { 0 };
	/* After a rest the server may be gone, which one mail is enough to see. */
	int most =
		carrier_is_fresh(&relay->carrier) && relay->carrier_health.failures == 0
			? relay->settings.batch
			: 1;
	bool good = database_claim(&relay->database, &relay->settings, most,
							   &relay->batch, &problem);
	bool any = relay->batch.count > 0;

	if (good)
		works(&relay->database_health, "database");
	else
		database_fails(relay, &problem);
	if (any)
		log_say(LEVEL_DEBUG, "database: %d mails claimed", relay->batch.count);
	text_wipe(&problem);
	return any || !good;
}

/* ---- the loop */

static void
reload(Relay *relay)
{
	Settings fresh;
	Text problem = { 0 };

	asked.reload = 0;
	if (settings_load(&fresh, relay->options->config, relay->options->exec,
					  &problem))
	{
		put_back_rest(relay);
		if (database_is_open(&relay->database))
			(void) settle(relay);
		database_close(&relay->database);
		carrier_close(&relay->carrier);
		settings_wipe(&relay->settings);
		relay->settings = fresh;
		carrier_open(&relay->carrier, &relay->settings,
					 relay->options->arguments);
		relay->carrier_ready = false;
		relay->database_health = relay->carrier_health = (Health){ 0 };
		log_set_key(relay->settings.log_key);
		log_say(LEVEL_INFO, "settings: reloaded");
	}
	else
	{
		settings_wipe(&fresh);
		log_say(LEVEL_ERROR, "settings: %s; the old ones stay",
				text_get(&problem));
	}
	text_wipe(&problem);
}

/* Whether --once has to give up: what is away now may be back another time. */
static bool
gives_up(const Relay *relay)
{
	return relay->options->once && (relay->database_health.failures > 0 ||
									relay->carrier_health.failures > 0);
}

/* One step; false when the work is done. */
static bool
step(Relay *relay)
{
	/* Lets signals in. */
	(void) clock_wait(NULL, 0, 0);
	notify("WATCHDOG=1");
	if (asked.stop)
		return false;
	if (asked.reload)
		reload(relay);
	if (!database_is_open(&relay->database) && !open_database(relay))
		return !gives_up(relay);
	if (!settle(relay) || gives_up(relay))
		return !gives_up(relay);
	if (relay->batch.next < relay->batch.count)
		send_next(relay);
	else if (!relay->carrier_ready)
		probe(relay);
	else if (!claim(relay))
	{
		if (relay->options->once)
			return false;
		idle(relay);
	}
	return true;
}

static void
finish(Relay *relay)
{
	Text problem = { 0 };

	notify("STOPPING=1");
	put_back_rest(relay);
	if (relay->ledger.count > 0 && !database_is_open(&relay->database))
		(void) database_connect(&relay->database, &relay->settings, &problem);
	if (relay->ledger.count > 0 &&
		(!database_is_open(&relay->database) ||
		 !ledger_settle(&relay->ledger, 0, &relay->database, &problem)))
		log_say(LEVEL_WARNING,
				"database: %s; what it was not told will be offered again: %d "
				"mails",
				text_get(&problem), relay->ledger.count);
	database_close(&relay->database);
	carrier_close(&relay->carrier);
	ledger_free(&relay->ledger);
	settings_wipe(&relay->settings);
	text_wipe(&problem);
}

int
relay_run(const Options *options)
{
	Relay relay = { .options = options };
	Text problem = { 0 };
	bool bad;

	if (!settings_load(&relay.settings, options->config, options->exec,
					   &problem))
	{
		log_say(LEVEL_ERROR, "settings: %s", text_get(&problem));
		text_wipe(&problem);
		settings_wipe(&relay.settings);
		return EX_CONFIG;
	}
	log_set_key(relay.settings.log_key);
	clock_open();
	carrier_open(&relay.carrier, &relay.settings, options->arguments);
	notify("READY=1");
	while (step(&relay))
		;
	bad = options->once && (relay.incomplete || relay.ledger.count > 0 ||
							relay.database_health.failures > 0);
	finish(&relay);
	return bad ? 1 : 0;
}
