#include "check.h"

#include "check_cuda.h"
#include "cuda_device.h"
#include "check_judge.h"
#include "fpstate.h"
#include "workspace.h"

#include <stdio.h>
#include <string.h>

const char *verdict_name(verdict v) {
    static const char *const name[] = {"PASS", "MARGINAL", "FAIL", "SKIP", "MISTRUSTED", "CRASH", "TIMEOUT"};
    return (unsigned)v < sizeof name / sizeof name[0] ? name[v] : "UNKNOWN";
}

/* One run of a plan on fresh memory. */
typedef struct run {
    const mot_plan *plan;
    const check_options *options;
    problem pb;
    side where;
    bool packed; /* weights packed beforehand, where the variant can */
    bool strided;
} run;

/* ---- running ---- */

static const mot_choice *packing_step(const run *r) {
    for (int i = 0; i < r->plan->steps; i++)
        if (r->plan->step[i].variant->pack_bytes) return r->packed ? &r->plan->step[i] : NULL;
    return NULL;
}

static void execute(const run *r, const mot_tensors *t) {
    if (r->options->enter) r->options->enter();
    if (r->plan->steps == 1)
        mot_step_run(&r->plan->step[0], &r->pb.shape, t, r->options->threads);
    else
        mot_plan_run(r->plan, &r->pb.shape, t, t->scratch, r->options->threads);
}

static bool execute_watched(findings *f, const run *r, workspace *w, const char *where) {
    if (plan_is_cuda(r->plan)) return cuda_execute(f, r->plan, &r->pb.shape, w, where);
    const mot_choice *packing = packing_step(r);
    guarded *packed = &w->region[REGION_PACKED];
    fpstate before = fpstate_read();
    if (packing) {
        mot_step_pack(packing, &r->pb.shape, &w->tensors, packed->data, r->options->threads);
        guarded_seal(packed);
    }
    execute(r, &w->tensors);
    fpstate after = fpstate_read();
    if (fpstate_same(&before, &after)) return true;
    fpstate_restore(&before);
    return findings_fail(f, "floating-point environment changed: MXCSR %#x to %#x, x87 %#x/%#x to %#x/%#x (%s)",
                         before.mxcsr, after.mxcsr, before.x87, before.tags, after.x87, after.tags, where);
}

/* Guards whole, inputs and packed weights as they were. */
static bool memory_kept(findings *f, const workspace *w, const char *where) {
    for (int i = 0; i < REGION_COUNT; i++) {
        const guarded *g = &w->region[i];
        bool constant = i == REGION_PACKED || (i < REGION_TENSORS && !(w->outputs & 1 << i));
        long at;
        if (!guarded_intact(g, &at))
            return findings_fail(f, "stray write: byte %ld of %s, which has %zu (%s)", at, g->name, g->bytes, where);
        if (g->map && constant && !guarded_sealed(g)) return findings_fail(f, "input changed: %s (%s)", g->name, where);
    }
    return true;
}

/* On the host. */
static size_t scratch_bytes(const run *r) {
    const mot_shape *s = &r->pb.shape;
    if (plan_is_cuda(r->plan)) return 0;
    return r->plan->steps == 1 ? mot_step_scratch_bytes(&r->plan->step[0], s, r->options->threads)
                               : mot_plan_workspace_bytes(r->plan, s, r->options->threads);
}

/* Whose roundings the oracle allows for: those of the step alone, or of a layer's step that rounds its factors. */
static const mot_choice *rounding_step(const mot_plan *plan) {
    for (int i = 0; i < plan->steps; i++) {
        const mot_cuda_variant *v = candidate_cuda(plan->step[i].variant);
        if (plan->steps == 1 || (v && v->tf32)) return &plan->step[i];
    }
    return NULL;
}

static bool run_once(findings *f, const run *r) {
    const mot_choice *packing = packing_step(r);
    size_t packed = packing ? packing->variant->pack_bytes(&r->pb.shape, &packing->config) : 0;
    size_t scratch = scratch_bytes(r);
    workspace w;
    char where[64];
    snprintf(where, sizeof where, "%s data, %s guard%s%s", data_mode_name(r->pb.mode),
             r->where == SIDE_RIGHT ? "right" : "left", r->strided ? ", strided" : "", packing ? ", packed" : "");
    if (!workspace_create(&w, &r->pb, scratch, packed, r->where)) return findings_skip(f, "out of memory (%s)", where);
    bool ok = execute_watched(f, r, &w, where) && memory_kept(f, &w, where) &&
              judge_outputs(f, &r->pb, rounding_step(r->plan), &w, where);
    workspace_destroy(&w);
    return ok;
}

/* ---- modes ---- */

static bool mode_wanted(data_mode mode, const mot_plan *plan, const check_options *options) {
    if (mode == DATA_INTEGERS)
        return plan->steps == 1; /* the weights of a layer are not exact: its steps are checked alone */
    return !options->quick || mode == DATA_ZERO_MEAN;
}

static bool run_modes(findings *f, const mot_plan *plan, const mot_shape *s, const check_options *options,
                      bool strided) {
    mot_stage stage = plan->steps == 1 ? plan->step[0].variant->stage : MOT_STAGE_LAYER;
    for (int mode = 0; mode < DATA_MODE_COUNT; mode++) {
        if (!mode_wanted(mode, plan, options)) continue;
        /* Sides take turns, and so do packed and unpacked weights; a layer's are always packed. */
        run r = {.plan = plan, .options = options, .strided = strided};
        r.where = (mode + strided) % 2 ? SIDE_LEFT : SIDE_RIGHT;
        r.packed = plan->steps > 1 || mode / 2 % 2 == 0;
        r.pb = problem_make(s, stage, mode, strided, options->seed);
        r.pb.dtype = mot_plan_dtype(plan);
        if (!run_once(f, &r)) return false;
    }
    return true;
}

/* ---- plans ---- */

static void skip(check_result *r, const char *format, const char *what) {
    r->verdict = VERDICT_SKIP;
    snprintf(r->reason, sizeof r->reason, format, what);
}

static bool runnable(const mot_plan *plan, const mot_shape *s, check_result *r) {
    double needed = workspace_estimate(s, mot_plan_dtype(plan)), available = memory_available();
    for (int i = 0; i < plan->steps; i++) {
        const mot_variant *v = plan->step[i].variant;
        if (candidate_why_not(v)) return skip(r, "%s", candidate_why_not(v)), false;
        if (v->dtype != mot_plan_dtype(plan)) return skip(r, "%s is of another data type", v->name), false;
        if (v->supports && !v->supports(s, &plan->step[i].config))
            return skip(r, "%s does not support this shape", v->name), false;
    }
    if (needed <= available) return true;
    r->verdict = VERDICT_SKIP;
    snprintf(r->reason, sizeof r->reason, "needs %.1f GiB of memory, %.1f are free", needed / 0x1p30,
             available / 0x1p30);
    return false;
}

static void conclude(findings *f, const mot_shape *s) {
    check_result *r = &f->result;
    if (r->verdict != VERDICT_PASS && r->verdict != VERDICT_MARGINAL) return;
    if (s->groups == 0) {
        skip(r, "%s", "no groups: it ran and wrote nothing, so nothing was compared");
    } else if (r->compared == 0 || (double)f->zeros > 0.9 * (double)r->compared) { /* no data make so many */
        r->verdict = VERDICT_MISTRUSTED;
        snprintf(r->reason, sizeof r->reason, "%zu of %zu results compared are zero", f->zeros, r->compared);
    }
}

static check_result check_alone(const mot_plan *plan, const mot_shape *s, const check_options *options) {
    findings f = {.result = {.verdict = VERDICT_PASS, .seed = options->seed}};
    bool has_strides = plan->steps > 1 || plan->step[0].variant->stage != MOT_STAGE_EXPERTS;
    if (!runnable(plan, s, &f.result)) return f.result;
    if (run_modes(&f, plan, s, options, false) && options->strided && has_strides)
        run_modes(&f, plan, s, options, true);
    conclude(&f, s);
    return f.result;
}

/* The worse verdict with its reason; figures of both. */
static void merge(check_result *into, const check_result *from) {
    static const int badness[] = {
        [VERDICT_PASS] = 0, [VERDICT_SKIP] = 1,  [VERDICT_MARGINAL] = 2, [VERDICT_MISTRUSTED] = 3,
        [VERDICT_FAIL] = 4, [VERDICT_CRASH] = 5, [VERDICT_TIMEOUT] = 5};
    if (badness[from->verdict] > badness[into->verdict]) {
        into->verdict = from->verdict;
        memcpy(into->reason, from->reason, sizeof into->reason);
    }
    into->fraction = into->fraction > from->fraction ? into->fraction : from->fraction;
    into->z_rms = into->z_rms > from->z_rms ? into->z_rms : from->z_rms;
    into->z_max = into->z_max > from->z_max ? into->z_max : from->z_max;
    into->compared += from->compared;
}

check_result check_plan(const mot_plan *plan, const mot_shape *s, const check_options *options) {
    check_options o = *options;
    if (o.threads < 1) o.threads = 1;
    check_result result = {.verdict = VERDICT_PASS, .seed = o.seed};
    for (int i = 0; plan->steps > 1 && i < plan->steps; i++) {
        mot_plan step = {.steps = 1, .step = {plan->step[i]}};
        check_result r = check_alone(&step, s, &o);
        merge(&result, &r);
    }
    check_result r = check_alone(plan, s, &o);
    merge(&result, &r);
    return result;
}

check_result check_choice(const mot_choice *choice, const mot_shape *s, const check_options *options) {
    mot_plan plan = {.steps = 1, .step = {*choice}};
    return check_plan(&plan, s, options);
}
