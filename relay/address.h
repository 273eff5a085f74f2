/* Addresses of mail, as they go into SMTP commands and headers. Pure. */
#ifndef RELAY_ADDRESS_H
#define RELAY_ADDRESS_H

#include <stdbool.h>

#include "text.h"

/* Octets that RFC 5321 allows between < and >. */
#define ADDRESS_MAX 254

/* A mailbox: an address and perhaps a name to show. */
typedef struct Mailbox
{
	Text name;
	Text address;
} Mailbox;

/* Whether it is local@domain of what HTML's input type=email takes, or letters
 * beyond ASCII; so without spaces, brackets, quotes and control characters. */
bool address_is_good(const char *address);

/* Reads "address" or "Name <address>", the name perhaps in quotes. False, and
 * an empty mailbox, if the address is none. Ends with mailbox_wipe. */
__attribute__((warn_unused_result)) bool mailbox_read(Mailbox *mailbox,
													  const char *value);

void mailbox_wipe(Mailbox *mailbox);

#endif
