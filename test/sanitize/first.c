/*
 * Preloaded beside AddressSanitizer, and linked to be initialised first. The
 * sanitizer starts with the first allocation; where that is made in another
 * library's constructor under a lock of the C library (p11-kit's newlocale), it
 * takes the same lock and waits for ever.
 */
#include <stdlib.h>

static void *volatile first;

__attribute__((constructor)) static void
start_sanitizer(void)
{
	first = malloc(1);
	free(first);
}
