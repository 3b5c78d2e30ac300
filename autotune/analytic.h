/* analytic.h: knob values from cache sizes and the shape, after the BLIS model (Low et al. 2016). */
#ifndef AUTOTUNE_ANALYTIC_H
#define AUTOTUNE_ANALYTIC_H

#include "cpu.h"
#include "registry.h"

/* The size of the shape that a knob cuts, by its name (mc: rows, kc: depth, nc: hidden units, dc: columns of D); 0: it
 * cuts nothing. A knob value at or above it covers everything, as does 0. */
size_t analytic_extent(const char *knob, const mot_shape *);
/* The wanted value of a knob, 0 for "all of it", or -1: no opinion, take the default. */
long analytic_value(const char *knob, const mot_variant *, const mot_shape *, const mot_cpu_facts *);

#endif
