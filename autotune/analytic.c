#include "analytic.h"

#include <string.h>

enum { L1_WAYS = 8 };

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t analytic_extent(const char *knob, const mot_shape *s) {
    if (strcmp(knob, "mc") == 0) return s->groups;
    if (strcmp(knob, "kc") == 0) return larger(s->d_model, s->d_expert);
    if (strcmp(knob, "nc") == 0) return s->d_expert;
    if (strcmp(knob, "dc") == 0) return s->d_model;
    return 0;
}

/* KC = floor((W1-1) / (1 + NR/MR)) * S1 / (MR*W1*elt): a strip of A and of B share the L1 cache, one way stays for C.
 */
static long depth_in_l1(const mot_variant *v, size_t l1) {
    size_t mr = larger((size_t)v->mr, 1), nr = larger((size_t)v->nr, 1);
    size_t ways = (L1_WAYS - 1) * mr / (mr + nr); /* of A */
    return (long)(larger(ways, 1) * l1 / (mr * L1_WAYS * mot_dtype_bytes(v->dtype)));
}

/* Rows such that M's block, its hidden slice and two panels of B take three quarters of the L2 cache. */
static long rows_in_l2(const mot_variant *v, const mot_shape *s, size_t l2) {
    size_t panels = 2 * s->d_model * larger((size_t)v->nr, 1), room = l2 / mot_dtype_bytes(v->dtype) * 3 / 4,
           row = 2 * s->d_model;
    return room <= panels + row ? 1 : (long)((room - panels) / row);
}

long analytic_value(const char *knob, const mot_variant *v, const mot_shape *s, const mot_cpu_facts *cpu) {
    if (strcmp(knob, "kc") == 0 && cpu->l1d) return depth_in_l1(v, cpu->l1d);
    if (strcmp(knob, "mc") == 0 && cpu->l2) return rows_in_l2(v, s, cpu->l2);
    if (strcmp(knob, "nc") == 0 && cpu->l2) return (long)s->d_model; /* the hidden slice as wide as M */
    if (strcmp(knob, "dc") == 0 && cpu->l2)
        return (long)(cpu->l2 / 2 / mot_dtype_bytes(v->dtype) / larger(s->group_size + s->experts, 1));
    if (strcmp(knob, "prefetch") == 0) return s->groups > MOT_FEW_ROWS; /* a plain stream needs no help */
    return -1;
}
