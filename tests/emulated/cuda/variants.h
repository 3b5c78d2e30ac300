/* variants.h: CUDA kernels on the CPU as variants like any other, so that the suite's own check judges them. */
#ifndef EMULATED_VARIANTS_H
#define EMULATED_VARIANTS_H

#include "product.cuh"

extern "C" {
#include "check.h"
}

namespace emulated {

/* scratch: the hidden layer. */
inline mot::tensors on_device(const mot_shape *s, const mot_tensors *t) {
    return {t->x, t->controller, t->w1,      t->w2, t->p,       t->mixed,
            t->y, t->out,        t->scratch, *s,    t->strides, t->temperature};
}

template <auto Kernel, auto How> void start(const mot::tensors &t) {
    const mot::launch how = How(t);
    if (how.blocks[0]) MOT_LAUNCH(Kernel, how, 0, t);
}

/* Of a kernel of products: Which(tensors) is its problem. */
template <auto Which, auto Kernel, auto How> void start_product(const mot::tensors &t) {
    const auto problem = Which(t);
    const mot::launch how = How(problem);
    if (how.blocks[0]) MOT_LAUNCH(Kernel, how, 0, problem);
}

/* A stage is one launch or several. Its one unit of work is all of it. */
template <void (*...Starts)(const mot::tensors &)>
void stage(const mot_shape *s, const mot_tensors *t, const mot_config *, mot_range) {
    const mot::tensors device = on_device(s, t);
    (Starts(device), ...);
}

inline size_t plain_depth(size_t k, const mot_config *) { return k; }

template <class T> mot_variant variant(const char *name, mot_stage stage, mot_kernel_fn run) {
    mot_variant v = {};
    v.name = name, v.stage = stage, v.isa = MOT_ISA_SCALAR, v.dtype = sizeof(T) == 2 ? MOT_BF16 : MOT_F32;
    v.units = [](const mot_shape *) { return (size_t)1; };
    v.scratch_bytes = [](const mot_shape *s, const mot_config *) {
        return s->experts * s->groups * s->d_expert * sizeof(T);
    };
    v.depth = plain_depth, v.run = run;
    return v;
}

} // namespace emulated

#endif
