/* candidates_where.c: what a candidate runs on, and whether this machine has it. */
#include "candidates.h"

#include "cpu.h"
#include "cuda_device.h"

const mot_cuda_variant *candidate_cuda(const mot_variant *v) { return mot_cuda_of(v); }
bool plan_is_cuda(const mot_plan *p) { return p->steps > 0 && candidate_cuda(p->step[0].variant); }

const char *candidate_why_not(const mot_variant *v) {
    if (candidate_cuda(v)) return cuda_why_not(candidate_cuda(v));
    return candidate_peer(v) ? NULL : mot_cpu_why_not(v->isa);
}
