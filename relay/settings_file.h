/* Files with settings or secrets in them. */
#ifndef RELAY_SETTINGS_FILE_H
#define RELAY_SETTINGS_FILE_H

#include "settings.h"

/* Hands each KEY=value of a file to settings_assign. False, with problem
 * filled, at the first line that is wrong. */
bool settings_file_read(Loading *loading, const char *path);

/* What a file holds, without the line end after it; refuses one that others can
 * read, that is longer than a secret should be, or that has a NUL. The caller
 * wipes secret; problem gets the reason. */
bool secret_file_read(const char *path, Text *secret, Text *problem);

#endif
