/* stamp.inl: turns every line of variants.def that is of this file's ISA into functions and a descriptor.
 * The stage bodies are ordinary inline functions (stages/); only thin wrappers are stamped. */
#ifndef TILE_INL
#include "vectors.h"
#endif
#include "pack.inl"
#include "pieces.inl"
#include "tile.inl"
#include "exp.inl"
#include "dots.inl"
#include "route.inl"
#include "product.inl"
#include "mix.inl"
#include "front.inl"
#include "experts.inl"
#include "redistribute.inl"

#ifndef MOT_DTYPE_TAG
#define MOT_DTYPE_TAG
#endif
#define JOIN_(a, b, c, d, e) a##b##c##d##e
#define JOIN(a, b, c, d, e) JOIN_(a, b, c, d, e)
#define VARIANT_(stage, isa, dtype, tile) stage##_##isa##dtype##_##tile
#define VARIANT(stage, isa, dtype, tile) VARIANT_(stage, isa, dtype, tile)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define STAMP(name_, STAGE, mr_, nr_)                                                                                  \
    _Static_assert(nr_ % LANES == 0 && (nr_ % (KB * TERMS) == 0 || KB * TERMS % nr_ == 0), "whole vectors, k blocks"); \
    _Static_assert(TILE_FITS(mr_, nr_), "the tile must fit the registers");                                            \
    static void JOIN(name_, _rows_, mr_, x, nr_)(const tile_args *t, size_t rows) {                                    \
        tile_dispatch(t, rows, mr_, nr_ / LANES, false);                                                               \
    }                                                                                                                  \
    static void JOIN(name_, _columns_, mr_, x, nr_)(const tile_args *t, size_t rows) {                                 \
        tile_dispatch(t, rows, mr_, nr_ / LANES, true);                                                                \
    }                                                                                                                  \
    static void JOIN(name_, _run_, mr_, x, nr_)(const mot_shape *s, const mot_tensors *t, const mot_config *c,         \
                                                mot_range r) {                                                         \
        tiles_open();                                                                                                  \
        name_##_body(s, t, c, r,                                                                                       \
                     (tile_kind){JOIN(name_, _rows_, mr_, x, nr_), JOIN(name_, _columns_, mr_, x, nr_), mr_, nr_});    \
        tiles_close();                                                                                                 \
    }                                                                                                                  \
    STAMP_##STAGE(name_, mr_, nr_) extern const mot_variant VARIANT(name_, MOT_ISA_TAG, MOT_DTYPE_TAG, mr_##x##nr_);   \
    const mot_variant VARIANT(name_, MOT_ISA_TAG, MOT_DTYPE_TAG, mr_##x##nr_) = {                                      \
        .name = #name_ "_" TEXT(MOT_ISA_TAG) TEXT(MOT_DTYPE_TAG) "_" #mr_ "x" #nr_,                                    \
        .stage = MOT_STAGE_##STAGE,                                                                                    \
        .isa = MOT_ISA_ID,                                                                                             \
        .dtype = MOT_DTYPE_ID,                                                                                         \
        .mr = mr_,                                                                                                     \
        .nr = nr_,                                                                                                     \
        .depth = chain_depth,                                                                                          \
        .run = JOIN(name_, _run_, mr_, x, nr_),                                                                        \
        FIELDS_##STAGE(mr_, nr_)};

/* What differs between stages: extra functions, then extra descriptor fields. `columns`: what parts of groups are of.
 */
#define STAMP_GROUPS(stage, mr, nr, columns)                                                                           \
    static size_t JOIN(stage, _scratch_, mr, x, nr)(const mot_shape *s, const mot_config *c) {                         \
        return stage##_scratch(s, c, nr);                                                                              \
    }                                                                                                                  \
    static size_t JOIN(stage, _units_, mr, x, nr)(const mot_shape *s) {                                                \
        return s->groups * parts_of(s, s->columns, nr);                                                                \
    }
#define FIELDS_GROUPS(stage, mr, nr)                                                                                   \
    .supports = any_shape, .units = JOIN(stage, _units_, mr, x, nr), .scratch_bytes = JOIN(stage, _scratch_, mr, x, nr)
#define STAMP_ROUTE(stage, mr, nr) STAMP_GROUPS(stage, mr, nr, experts)
#define FIELDS_ROUTE(mr, nr) FIELDS_GROUPS(route, mr, nr)
#define STAMP_MIX(stage, mr, nr) STAMP_GROUPS(stage, mr, nr, experts)
#define FIELDS_MIX(mr, nr) FIELDS_GROUPS(mix, mr, nr), .knob_count = 3, .knobs = {PRODUCT_KNOBS}
#define STAMP_FRONT(stage, mr, nr) STAMP_GROUPS(stage, mr, nr, experts)
#define FIELDS_FRONT(mr, nr) FIELDS_GROUPS(front, mr, nr), .knob_count = 3, .knobs = {PRODUCT_KNOBS}
#define STAMP_REDISTRIBUTE(stage, mr, nr) STAMP_GROUPS(stage, mr, nr, d_model)
#define FIELDS_REDISTRIBUTE(mr, nr) FIELDS_GROUPS(redistribute, mr, nr), .knob_count = 3, .knobs = {PRODUCT_KNOBS}
#define STAMP_EXPERTS(stage, mr, nr)                                                                                   \
    _Static_assert(STEP_UNIT == 1 || nr % (STEP_UNIT * TERMS) == 0, "panels of hidden units are whole steps of k");    \
    static size_t JOIN(stage, _scratch_, mr, x, nr)(const mot_shape *s, const mot_config *c) {                         \
        return experts_scratch(s, c, nr);                                                                              \
    }                                                                                                                  \
    static size_t JOIN(stage, _pack_bytes_, mr, x, nr)(const mot_shape *s, const mot_config *c) {                      \
        return s->experts * expert_words(s, c, nr) * sizeof(word);                                                     \
    }                                                                                                                  \
    static void JOIN(stage, _pack_, mr, x, nr)(const mot_shape *s, const mot_tensors *t, const mot_config *c,          \
                                               void *packed, mot_range r) {                                            \
        experts_pack(s, t, c, packed, r, nr);                                                                          \
    }
#define FIELDS_EXPERTS(mr, nr)                                                                                         \
    .supports = experts_supports, .units = row_units, .scratch_bytes = JOIN(experts, _scratch_, mr, x, nr),            \
    .pack_bytes = JOIN(experts, _pack_bytes_, mr, x, nr), .pack = JOIN(experts, _pack_, mr, x, nr), .knob_count = 4,   \
    .knobs = {EXPERT_KNOBS}

static bool any_shape(const mot_shape *s, const mot_config *c) {
    (void)s, (void)c;
    return true;
}
static size_t row_units(const mot_shape *s) { return s->experts * s->groups; }
/* Every kernel of ours adds up one element's products in order, in one accumulator. */
static size_t chain_depth(size_t k, const mot_config *c) {
    (void)c;
    return k;
}

#include "variants.def"
