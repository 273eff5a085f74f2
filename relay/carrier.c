#include "carrier.h"

void
carrier_open(Carrier *carrier, const Settings *settings, char *const *arguments)
{
	*carrier = (Carrier){ .name = "smtp" };
	if (settings->exec == NULL)
	{
		carrier->smtp = smtp_open(settings);
		return;
	}
	carrier->name = "program";
	carrier->program = (Program){ .path = settings->exec,
								  .arguments = arguments,
								  .timeout = settings->timeout };
}

void
carrier_close(Carrier *carrier)
{
	smtp_close(carrier->smtp);
	*carrier = (Carrier){ 0 };
}

bool
carrier_probe(Carrier *carrier, Outcome *outcome)
{
	if (carrier->smtp != NULL)
		return smtp_probe(carrier->smtp, outcome);
	return exec_probe(&carrier->program, outcome);
}

void
carrier_send(Carrier *carrier, const Mail *mail, Outcome *outcome)
{
	if (carrier->smtp != NULL)
		smtp_send(carrier->smtp, mail, outcome);
	else
		exec_send(&carrier->program, mail, outcome);
}

bool
carrier_is_fresh(const Carrier *carrier)
{
	return carrier->smtp == NULL || smtp_is_fresh(carrier->smtp);
}

void
carrier_rest(Carrier *carrier)
{
	if (carrier->smtp != NULL)
		smtp_rest(carrier->smtp);
}
