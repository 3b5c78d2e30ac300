/* files.h: folders, locks and whole-file replacement, every call checked. Errors are one line in `error`. */
#ifndef AUTOTUNE_FILES_H
#define AUTOTUNE_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Formats one error line; always returns false, so that `return files_error(…)` reads well. */
bool files_error(char *error, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Makes the folders above `path`. */
bool files_make_parents(const char *path, char *error, size_t size);
/* Locks `path`.lock against other processes and threads, waiting at most 30 s; the system releases it if we die. */
int files_lock(const char *path, char *error, size_t size); /* < 0: failed */
void files_unlock(int lock);
/* The file is either the old or the new one, whole, whatever happens: temporary + fsync + rename + fsync of the folder.
 */
bool files_replace(const char *path, const char *data, size_t bytes, char *error, size_t size);
/* fsync of the folder that holds `path`. */
bool files_sync_folder(const char *path);
bool files_write_all(int fd, const char *data, size_t bytes);

#endif
