#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

void
notify(const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);
	int file;

	if (len == 0 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	/* The sign of an abstract socket, whose name begins with a NUL. */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (file < 0)
		return;
	(void) sendto(file, state, strlen(state), MSG_NOSIGNAL,
				  (const struct sockaddr *) &address,
				  (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len));
	(void) close(file);
}
