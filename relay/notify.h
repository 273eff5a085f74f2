/* Tells systemd how the service is, where it asked to be told. */
#ifndef RELAY_NOTIFY_H
#define RELAY_NOTIFY_H

/* Sends a line such as READY=1; does nothing without NOTIFY_SOCKET. */
void notify(const char *state);

#endif
