/* selection.h: what can be checked, by name, and which of it the flags select. */
#ifndef CLI_SELECTION_H
#define CLI_SELECTION_H

#include "candidates.h"
#include "options.h"

enum { SUBJECT_NAME = 160 };

typedef enum subject_kind { SUBJECT_STAGE, SUBJECT_LAYER, SUBJECT_PROPERTIES } subject_kind;

/* A variant, a whole layer (of an ISA's defaults or of a peer), or the properties of an ISA. */
typedef struct subject {
    char name[SUBJECT_NAME]; /* "mix_avx2_4x16{dc=128}", "layer_bf16_avx512", "properties_scalar" */
    subject_kind kind;
    mot_stage stage;
    mot_isa isa;
    mot_dtype dtype;
    bool cuda; /* on a GPU */
    const struct cuda_layer *cuda_layer;
    const peer *peer;  /* NULL: libmot */
    size_t peer_layer; /* which of its layers */
    mot_choice choice; /* of SUBJECT_STAGE */
} subject;

typedef struct selection {
    size_t count;
    subject *item;
} selection;

/* Everything that --stage, --isa, --dtype, --filter and --choice leave. EXIT_OK, or an exit code after one line on
 * stderr. */
int selection_make(selection *, const options *);
void selection_free(selection *);
/* Leaves out the peers that are timed only when asked for. */
void selection_keep_default_peer(selection *);

/* EXIT_OK, or EXIT_ENVIRONMENT after a line on stderr: MOT_REQUIRE_GPU=1, and there is none. */
int require_gpu(const options *);

/* NULL if it can run here, else the reason. */
const char *subject_why_not(const subject *, const options *);
/* Its plan for this shape; false: none of its variants supports it. */
bool subject_plan(const subject *, const mot_shape *, mot_plan *out);

/* The best ISA that this machine and MOT_ISA allow. */
mot_isa selection_cap(const options *);
/* Whether --isa lets this one pass, a GPU's kernels, any of the CPU's. */
bool selection_has_isa(const options *, mot_isa);
bool selection_has_cuda(const options *);
bool selection_has_cpu(const options *);
/* 0 if all thread counts fit this process, else EXIT_USAGE after a line on stderr. */
int selection_check_threads(const options *);

#endif
