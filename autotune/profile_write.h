/* profile_write.h: entries into the machine's profile: merged with what is there, sorted, replaced atomically. */
#ifndef AUTOTUNE_PROFILE_WRITE_H
#define AUTOTUNE_PROFILE_WRITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whose choices a profile holds: the validators "machine" and "kernels". */
typedef struct profile_owner {
    char machine[256], kernels[24];
} profile_owner;
profile_owner profile_cpu(void); /* this CPU, libmot's kernels */

/* Merges `entries` (PROFILE.md; one with "kept":false takes its key out) into the profile at `path` under its lock.
 * Entries of other keys stay. A profile of another machine or build is kept as `path`.old and replaced. */
bool profile_write_of(const profile_owner *, const char *path, const json_t *entries, char *error, size_t size);
bool profile_write(const char *path, const json_t *entries, char *error, size_t size); /* of profile_cpu */

/* Could profile_write work? Makes the folders; refuses what is there and is no profile, so before any work. */
bool profile_check(const char *path, char *error, size_t size);

/* A text that sorts keys, with numbers padded. False: not an entry. */
bool profile_key(char *buf, size_t size, const json_t *entry);
/* The header, with nothing in "entries". NULL: out of memory. */
json_t *profile_new_of(const profile_owner *);
json_t *profile_new(void); /* of profile_cpu */
/* Whether the profile's validators are those of this owner and library. */
bool profile_is_of(const json_t *profile, const profile_owner *);
/* Reads a profile file without judging its validators; NULL: `error`. missing: there is no such file. */
json_t *profile_read(const char *path, bool *missing, char *error, size_t size);
/* Its bytes: one entry a line, sorted. Free them. NULL: out of memory or malformed entries. */
char *profile_text(const json_t *profile);

#endif
