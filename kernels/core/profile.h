/* profile.h: a machine's tuned choices, as the library looks them up. The file's format: autotune/PROFILE.md. */
#ifndef MOT_CORE_PROFILE_H
#define MOT_CORE_PROFILE_H

#include "plan.h"

/* The tuned plan of a key: exact in stage, dtype, T, E, D, H, threads and ISA; of the tuned G the nearest by ratio, at
 * most a factor of 2 away. What was tuned with cold weights goes before hot. Allocates nothing. profile may be NULL. */
bool mot_profile_layer(const mot_profile *, const mot_shape *, mot_isa isa, mot_dtype, int threads, mot_plan *out);
bool mot_profile_stage(const mot_profile *, mot_stage, const mot_shape *, mot_isa isa, mot_dtype, int threads,
                       mot_choice *out);

size_t mot_profile_count(const mot_profile *);   /* entries in use */
size_t mot_profile_dropped(const mot_profile *); /* entries that do not fit this library's kernels, or contradict */

/* The index-th file that mot_profile_find tries; false past the end. */
bool mot_profile_search_path(size_t index, char *buf, size_t size);
/* "$variable/mot", or "$HOME/<fallback>/mot" if that is unset or relative; false if there is neither. */
bool mot_xdg_folder(char *buf, size_t size, const char *variable, const char *fallback);

#endif
