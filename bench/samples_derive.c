/* samples_derive.c: FLOP/s, bytes/s and the share of what the machine was measured to give. */
#include "samples.h"

#include "cuda_table.h"

#include <math.h>

/* On a GPU ceilings are what NVIDIA's libraries reach; a tenth more is believed. */
static const double LIBRARIES = 1.1;

/* The best ISA that any step uses; a peer library may use all that there is. */
static mot_isa ceiling_isa(const mot_plan *plan) {
    mot_isa isa = MOT_ISA_SCALAR;
    for (int i = 0; i < plan->steps; i++) {
        const mot_variant *v = plan->step[i].variant;
        if (candidate_peer(v)) return MOT_ISA_BEST;
        if (v->isa > isa) isa = v->isa;
    }
    return isa;
}

static double weight_bytes(mot_stage stage, const mot_shape *s, mot_dtype dtype) {
    const double E = (double)s->experts, D = (double)s->d_model, H = (double)s->d_expert;
    const int reads = mot_stage_reads(stage);
    return (double)mot_dtype_bytes(dtype) *
           ((reads & MOT_CONTROLLER ? D * E : 0) + (reads & MOT_W1 ? E * D * H : 0) + (reads & MOT_W2 ? E * H * D : 0));
}

/* The rate that a plan on the GPU is held to: of the factors that it rounds to. */
static const char *product_of(const mot_plan *plan) {
    if (mot_plan_dtype(plan) == MOT_BF16) return "gemm_bf16";
    for (int i = 0; i < plan->steps; i++)
        if (mot_cuda_of(plan->step[i].variant)->tf32) return "gemm_tf32";
    return "gemm_f32";
}

static double cold_bytes(mot_stage stage, const mot_shape *s, mot_dtype dtype, const measure_options *o,
                         const derived *d) {
    return o->cache == CACHE_COLD_ALL ? d->bytes : o->cache == CACHE_COLD_WEIGHTS ? weight_bytes(stage, s, dtype) : 0;
}

/* Cold tensors come from memory, whatever their size; the others from where the working set lies. */
static double floor_of(const ceilings *c, const mot_plan *plan, mot_stage stage, const mot_shape *s,
                       const measure_options *o, const derived *d) {
    const mot_isa isa = ceiling_isa(plan);
    const mot_dtype dtype = mot_plan_dtype(plan);
    const double cold = cold_bytes(stage, s, dtype, o, d);
    if (plan_is_cuda(plan)) return ceilings_floor_cuda_ns(c, product_of(plan), d->flops, d->bytes, cold);
    return fmax(ceilings_floor_ns(c, isa, dtype, o->threads, d->flops, d->bytes, (size_t)d->bytes),
                ceilings_floor_ns(c, isa, dtype, o->threads, d->flops, cold, SIZE_MAX));
}

/* How far above their medians the ceilings of this thread count were seen. */
static double ceiling_slack(const ceilings *c, int threads) {
    double slack = 1;
    for (int i = 0; i < c->count; i++)
        if (c->item[i].threads == threads && c->item[i].median > 0)
            slack = fmax(slack, c->item[i].high / c->item[i].median);
    return slack;
}

derived samples_derive(const contestant *c, const mot_shape *s, const measure_options *o, const measurement *m,
                       const ceilings *ceilings) {
    const mot_stage stage = c->plan.steps > 1 ? MOT_STAGE_LAYER : c->plan.step[0].variant->stage;
    s = contestant_shape(c, s);
    derived d = {.flops = mot_stage_flops(stage, s), .bytes = mot_stage_bytes(stage, s, mot_plan_dtype(&c->plan))};
    if (m->median_ns > 0) {
        d.gflops = d.flops / m->median_ns;
        d.gbps = d.bytes / m->median_ns;
    }
    if (!ceilings) return d;
    d.floor_ns = floor_of(ceilings, &c->plan, stage, s, o, &d);
    if (m->median_ns > 0) d.pct_of_ceiling = 100 * d.floor_ns / m->median_ns;
    const bool cuda = plan_is_cuda(&c->plan);
    const double slack = ceiling_slack(ceilings, cuda ? 0 : o->threads) * (cuda ? LIBRARIES : 1);
    d.mistrusted = m->median_ns > 0 && d.floor_ns > m->high_ns * slack;
    return d;
}
