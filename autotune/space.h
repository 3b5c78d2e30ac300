/* space.h: every legal choice of a stage for a shape, as a search space. */
#ifndef AUTOTUNE_SPACE_H
#define AUTOTUNE_SPACE_H

#include "cpu.h"
#include "registry.h"
#include "search.h"

typedef struct space {
    search_space search;
    search_family family[SEARCH_FAMILIES];
    const mot_variant *variant[SEARCH_FAMILIES]; /* one per family */
    mot_shape shape;
} space;

/* Variants (any list) of this stage and data type, of this ISA or a lower one, with all knob values that supports()
 * accepts and that mean something for the shape: of several that cover a whole dimension one is kept. False: out of
 * memory. */
bool space_build(space *, mot_stage, const mot_shape *, mot_isa isa, mot_dtype, const mot_variant *const *variants,
                 size_t count);
void space_free(space *);

mot_choice space_choice(const space *, size_t point);
/* The point of a choice, SIZE_MAX if it is not in the space. A setting left out as redundant is found as its twin. */
size_t space_point(const space *, const mot_choice *);
size_t space_legal(const space *); /* number of legal points */

/* Legal starts, the best guess first: the analytic setting of each variant, then each at its defaults. Returns how
 * many; needs room for 2 * families. */
size_t space_starts(const space *, const mot_cpu_facts *, size_t *points);

#endif
