#include "pg.h"

#include <sodium.h>

#include "ids.h"
#include "root.h"
#include "ticket.h"

StaticAssertDecl(sizeof(((UsersAccount *) NULL)->nonce) == USERS_TICKET_NONCE,
				 "the tag covers all of a credential's nonce");

/* A primary and its standbys agree on these; a copy of the database, made by a
 * dump or as a template, does not. */
static void
terms_of(UsersTicketTerms *terms, const UsersAccount *account)
{
	terms->system = GetSystemIdentifier();
	terms->database = MyDatabaseId;
	terms->version = account->version;
	memcpy(terms->nonce, account->nonce, sizeof(terms->nonce));
}

void
users_mint_ticket(UsersTicketText out, const UsersAccount *account)
{
	UsersTicket ticket = { .issued_at = GetCurrentTimestamp() };
	UsersTicketTerms terms;
	pg_uuid_t session_id;

	users_new_id(&session_id);
	memcpy(&ticket.user_id, &account->user_id, sizeof(ticket.user_id));
	memcpy(&ticket.session_id, &session_id, sizeof(ticket.session_id));
	terms_of(&terms, account);
	users_ticket_mint(out, &ticket, &terms,
					  users_purpose_key(USERS_KEY_TICKET));
	out[USERS_TICKET_TEXT] = '\0';
}

/* The account that a ticket names, in the state that its tag covers. */
static bool
find_genuine(UsersAccount *account, const UsersTicket *ticket,
			 const uint8 mac[USERS_TICKET_MAC], MemoryContext context)
{
	UsersTicketTerms terms;
	pg_uuid_t user_id;

	memcpy(&user_id, &ticket->user_id, sizeof(user_id));
	if (!users_find_account(account, &user_id, context) ||
		account->status != USERS_ENABLED)
		return false;
	terms_of(&terms, account);
	return users_ticket_verify(ticket, mac, &terms,
							   users_purpose_key(USERS_KEY_TICKET)) == USERS_OK;
}

bool
users_find_ticket(UsersAccount *account, pg_uuid_t *session_id,
				  FunctionCallInfo fcinfo, int n, MemoryContext context)
{
	uint8 mac[USERS_TICKET_MAC];
	UsersTicket ticket;
	bool found;
	text *given;

	if (PG_ARGISNULL(n))
		return false;
	given = PG_GETARG_TEXT_PP(n);
	found = users_ticket_parse(&ticket, mac, VARDATA_ANY(given),
							   VARSIZE_ANY_EXHDR(given)) == USERS_OK &&
			users_ticket_lives(&ticket, GetCurrentTimestamp()) &&
			find_genuine(account, &ticket, mac, context);
	sodium_memzero(mac, sizeof(mac));
	memcpy(session_id, &ticket.session_id, sizeof(*session_id));
	return found;
}
