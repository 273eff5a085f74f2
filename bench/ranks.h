/* Whether two samples differ, by the ranks of their values. */
#ifndef BENCH_RANKS_H
#define BENCH_RANKS_H

#include <stddef.h>

/* A value, of one of two classes. */
typedef struct Ranked
{
	double value;
	int first; /* of the first class */
} Ranked;

/* Sorts n values. */
void ranks_sort(Ranked *values, size_t n);

/* The median of a class of sorted values; 0 when it has none. */
double ranks_median(const Ranked *values, size_t n, int first);

/*
 * The probability that classes without a difference differ as much as these or
 * more: the two-sided Mann-Whitney test of sorted values, by the normal
 * approximation with corrections for ties and for continuity. 1 when a class is
 * empty or all values are the same.
 */
double ranks_p(const Ranked *values, size_t n);

#endif
