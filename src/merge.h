/* JSON Merge Patch, RFC 7396, over jsonb. */
#ifndef USERS_MERGE_H
#define USERS_MERGE_H

/* What becomes of an object by a patch, an object too: a null takes the member
 * of its name away, an object is merged, anything else replaces. In the present
 * memory context. */
extern Jsonb *users_merge_patch(Jsonb *target, Jsonb *patch);

#endif
