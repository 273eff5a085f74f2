/* What predicates and checks share. */
#ifndef USERS_PREDICATE_H
#define USERS_PREDICATE_H

#include <stdbool.h>

/* The number of the permission in argument n, which is not NULL; US009 when
 * there is no such. Remembered at the call, which asks for the same one again
 * and again. */
extern int users_word_argument(FunctionCallInfo fcinfo, int n);

#endif
