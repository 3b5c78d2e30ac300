/* journal.h: one line of JSON per evaluation, on disk before the next begins, so that a crash loses only what was being
 * measured. Lines have an "id"; with resume the last line of an id is found again and need not be repeated.
 *
 *   {"type":"trial","id","env","key":{…},"choice","verdict","reason","rounds","samples_ns":[…],"default_ns":[…]}
 *   {"type":"race", the same, with "ratio","low","high"}           of the finalists, and of the winner alone
 *   {"type":"result","id","env","key","evaluations","entry":{…}}   a profile entry, or with "kept":false none
 * env: fingerprint of the machine and hash of the kernels; lines of another env are not seen. */
#ifndef AUTOTUNE_JOURNAL_H
#define AUTOTUNE_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct journal journal;

/* Opens for appending, makes folders. A torn last line is closed off. Without resume nothing old is found. */
bool journal_open(journal **out, const char *path, const char *env, bool resume, char *error, size_t size);
/* The last line with this id, or NULL. Borrowed. */
const json_t *journal_find(const journal *, const char *id);
/* Appends and fsyncs; adds "env" and "time"; takes the reference. False: out of memory or not written; see
 * journal_error. */
bool journal_append(journal *, json_t *line);
const char *journal_error(const journal *); /* "" if all went well */
void journal_close(journal *);              /* accepts NULL */

/* "2026-11-22T10:51:43Z" */
void journal_time(char buf[24]);

#endif
