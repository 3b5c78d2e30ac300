/* profile.h: a machine's tuned choices, as a library looks them up: libmot those of a processor, mot_cuda those of a
 * GPU. The file's format: autotune/PROFILE.md. */
#ifndef MOT_CORE_PROFILE_H
#define MOT_CORE_PROFILE_H

#include "plan.h"

/* What an entry is for beside a shape and a data type. */
typedef struct mot_profile_place {
    mot_isa isa;
    int threads;
} mot_profile_place;

/* Whose profiles are read: a machine, and the kernels that are compiled in. */
typedef struct mot_profile_owner {
    char machine[256]; /* fingerprint */
    uint64_t kernels;  /* hash of the table */
    const mot_variant *(*find)(const char *name);
    /* The words of an entry as a place; false: not for here. */
    bool (*place)(const char *isa, uint64_t threads, mot_dtype, mot_profile_place *out);
} mot_profile_owner;

/* As mot_profile_load_memory, mot_profile_load; and the first "<machine>.json" in the folders of mot_profile_find. */
mot_status mot_profile_read(mot_profile **out, const void *data, size_t bytes, const mot_profile_owner *);
mot_status mot_profile_read_file(mot_profile **out, const char *path, const mot_profile_owner *);
mot_status mot_profile_read_found(mot_profile **out, const mot_profile_owner *);

/* The tuned plan of a key: exact in stage, dtype, T, E, D, H and place; of the tuned G the nearest by ratio, at most a
 * factor of 2 away. What was tuned with cold weights goes before hot. Allocates nothing. NULL: there is none. profile
 * may be NULL. */
const mot_plan *mot_profile_plan(const mot_profile *, mot_stage, const mot_shape *, mot_dtype, mot_profile_place);

/* The same on this processor; the place is that of isa or of the highest below it that has kernels for the type. */
bool mot_profile_layer(const mot_profile *, const mot_shape *, mot_isa isa, mot_dtype, int threads, mot_plan *out);
bool mot_profile_stage(const mot_profile *, mot_stage, const mot_shape *, mot_isa isa, mot_dtype, int threads,
                       mot_choice *out);

void mot_profile_free(mot_profile *);
size_t mot_profile_count(const mot_profile *);   /* entries in use */
size_t mot_profile_dropped(const mot_profile *); /* entries that do not fit this library's kernels, or contradict */

/* The index-th "<machine>.json" that is looked for; false past the end. */
bool mot_profile_folder_path(size_t index, const char *machine, char *buf, size_t size);
/* The index-th file that mot_profile_find tries; false past the end. */
bool mot_profile_search_path(size_t index, char *buf, size_t size);
/* "$variable/mot", or "$HOME/<fallback>/mot" if that is unset or relative; false if there is neither. */
bool mot_xdg_folder(char *buf, size_t size, const char *variable, const char *fallback);

#endif
