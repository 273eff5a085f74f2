/* Where mail goes: the settings that belong together, checked together. */
#ifndef RELAY_SERVER_H
#define RELAY_SERVER_H

#include "settings.h"

/* Checks the settings of SMTP or of the program and fills in what is made of
 * them. False, with the problem and what to do. */
bool server_complete(Settings *settings, Text *problem);

#endif
