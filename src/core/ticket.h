/*
 * Tickets: that a password was right, said by one server to another of the
 * same cluster. Derived, not stored: the tag covers what only those two know.
 */
#ifndef USERS_CORE_TICKET_H
#define USERS_CORE_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring.h"
#include "status.h"
#include "uuid.h"

#define USERS_TICKET_MAC   32
#define USERS_TICKET_NONCE 16
/* base64url of 16 + 16 + 8 + 32 bytes */
#define USERS_TICKET_TEXT 96
/* How long it lives, in microseconds. */
#define USERS_TICKET_LIFE INT64_C(10000000)

typedef struct UsersTicket
{
	UsersUuid user_id;
	UsersUuid session_id; /* of the one session that it opens */
	int64_t issued_at;	  /* microseconds, of whatever clock both sides have */
} UsersTicket;

/* What its tag covers besides, and the ticket does not show: the database, and
 * the state of the account in which the password was right. */
typedef struct UsersTicketTerms
{
	uint64_t system; /* the cluster, standbys included */
	uint32_t database;
	int64_t version;				   /* the account's */
	uint8_t nonce[USERS_TICKET_NONCE]; /* the credential's */
} UsersTicketTerms;

/* Writes exactly USERS_TICKET_TEXT characters, no NUL. */
void users_ticket_mint(char *out, const UsersTicket *ticket,
					   const UsersTicketTerms *terms,
					   const uint8_t key[USERS_KEY_BYTES]);

/* Takes a ticket apart, its tag NOT yet checked. USERS_MALFORMED, with ticket
 * and mac wiped, for anything but USERS_TICKET_TEXT characters of strict
 * base64url. */
UsersStatus users_ticket_parse(UsersTicket *ticket,
							   uint8_t mac[USERS_TICKET_MAC], const char *text,
							   size_t len) USERS_CHECKED;

/* Whether the tag is that of the ticket under these terms; in constant time. */
UsersStatus
users_ticket_verify(const UsersTicket *ticket,
					const uint8_t mac[USERS_TICKET_MAC],
					const UsersTicketTerms *terms,
					const uint8_t key[USERS_KEY_BYTES]) USERS_CHECKED;

/* Whether it lives at a time. One of the future is of a clock that is ahead,
 * and taken while that is ahead by less than a ticket's life. */
bool users_ticket_lives(const UsersTicket *ticket, int64_t now);

#endif
