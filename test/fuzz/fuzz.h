/* What all fuzz targets share. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that holds for every input. */
#define MUST(property)                                                         \
	do                                                                         \
	{                                                                          \
		if (!(property))                                                       \
		{                                                                      \
			fprintf(stderr, "%s line %d: not so: %s\n", __FILE__, __LINE__,    \
					#property);                                                \
			abort();                                                           \
		}                                                                      \
	} while (0)

#endif
