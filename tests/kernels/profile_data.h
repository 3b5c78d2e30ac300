/* profile_data.h: profiles made from whatever kernels are compiled in. */
#ifndef TESTS_KERNELS_PROFILE_DATA_H
#define TESTS_KERNELS_PROFILE_DATA_H

#include "profile.h"

#include <jansson.h>

/* The header of this machine and library, no entries. */
json_t *data_profile(void);
/* A valid entry of this stage with the built-in choices; MOT_STAGE_LAYER too. */
json_t *data_entry(mot_stage stage, const mot_shape *shape, mot_isa isa, int threads, const char *cache);
void data_add(json_t *profile, json_t *entry); /* takes the entry */
mot_status data_load(const json_t *profile, mot_profile **out);
/* Three stages and a layer. */
json_t *data_example(void);

#endif
