/* workspace.h: memory that notices: every tensor between two forbidden pages, outputs and scratch poisoned, inputs
 * hashed.
 *
 *   SIDE_RIGHT  |######|~~~~~~~~~~ tensor ......|######|   one element past the end faults
 *   SIDE_LEFT   |######|...... tensor ~~~~~~~~~~|######|   one element before the start faults
 *
 *   # PROT_NONE page    ~ canary bytes that must not change: they catch the other direction
 *
 * Scratch and packed weights must start on 64 bytes, so at the right a canary of up to 63 bytes may follow them. */
#ifndef BENCH_WORKSPACE_H
#define BENCH_WORKSPACE_H

#include "data.h"
#include "numbers.h"

typedef enum side { SIDE_RIGHT, SIDE_LEFT } side;

typedef struct guarded {
    const char *name;
    unsigned char *map; /* of map_bytes, guard pages included; NULL if there is none */
    size_t map_bytes;
    void *data;
    size_t bytes;
    uint64_t hash; /* of an input, when it was sealed */
} guarded;

/* False: out of memory. 0 bytes are legal: data then points between the guards. */
bool guarded_create(guarded *, const char *name, size_t bytes, size_t alignment, side);
void guarded_destroy(guarded *);
void guarded_poison(guarded *);                    /* every element becomes the poison NaN */
bool guarded_intact(const guarded *, long *where); /* canary whole; else the offset of a changed byte from data */
void guarded_seal(guarded *);                      /* remember the contents … */
bool guarded_sealed(const guarded *);              /* … are they the same? */

/* The poison: a quiet NaN that no kernel makes. Its halves are alike: an f32 of it is two bf16 of it. */
#define POISON 0x7fc5
bool is_poison(numbers, size_t i);

/* All memory of one run. A tensor that the stage doesn't touch has no map. */
enum { REGION_TENSORS = 8, REGION_SCRATCH = 8, REGION_PACKED, REGION_COUNT };
typedef struct workspace {
    guarded region[REGION_COUNT]; /* the tensors in the order of enum mot_tensor */
    mot_tensors tensors;          /* points into them */
    int inputs, outputs;          /* bits of enum mot_tensor */
} workspace;

guarded *workspace_tensor(workspace *, enum mot_tensor);

/* Inputs filled and sealed, outputs, scratch and packed poisoned. False: out of memory. */
bool workspace_create(workspace *, const problem *, size_t scratch_bytes, size_t packed_bytes, side);
void workspace_destroy(workspace *);

/* Bytes that a run needs, and those that are free; as doubles, so that no shape overflows. */
double workspace_estimate(const mot_shape *, mot_dtype);
double memory_available(void);

/* Where a forbidden address lies: "4 bytes past the end of out". False: not near any region of any live workspace. */
bool workspace_explain(const void *address, char *text, size_t size);

#endif
