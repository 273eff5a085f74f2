/* Looks whether the relay could work, without touching a mail. */
#ifndef RELAY_CHECK_H
#define RELAY_CHECK_H

#include "relay.h"

/* Prints a line for each thing, with what is wrong and what to do; 0 if nothing
 * is, else 1. */
int check_run(const Options *options);

#endif
