/* measure_sim.c: see measure_sim.h. */
#include "measure_sim.h"
#include "measure_taint.h"
#include "timer.h"

#include <stdio.h>

int64_t sim_ns, sim_calls, sim_back_from;
double sim_drift;
int sim_taint_every;
pid_t sim_process;

static int64_t sim_clock(void) { return ++sim_ns; }
uint64_t sim_tsc(void) { return (uint64_t)(3 * sim_ns); }

void sim_spend(double ns) {
    sim_calls++;
    const bool back = sim_back_from && sim_calls >= sim_back_from;
    sim_ns += (int64_t)((back ? -1 : 1) * ns * (1 + sim_drift * (double)sim_calls / 1000));
}

static disturbance sim_disturbance(double wall_ns) {
    static int n;
    const bool hit = sim_taint_every && ++n % sim_taint_every == 0;
    return (disturbance){.wall_ns = wall_ns, .steal_ns = hit ? wall_ns : 0};
}

int simulate(void **state) {
    (void)state;
    sim_ns = sim_calls = sim_back_from = 0;
    sim_drift = 0;
    sim_taint_every = 0;
    sim_process = getpid();
    timer_set_clock(sim_clock, sim_tsc);
    taint_set_source(sim_disturbance);
    return 0;
}

int real_again(void **state) {
    (void)state;
    timer_set_clock(NULL, NULL);
    taint_set_source(NULL);
    return 0;
}

/* ---- kernels: a right one at several prices, and bad ones ---- */

const mot_variant *right;

#define PRICED(name, ns)                                                                                               \
    static void name(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {                     \
        right->run(s, t, c, r);                                                                                        \
        sim_spend(ns);                                                                                                 \
    }
PRICED(cheap, 100e3)
PRICED(dearer, 104e3)
PRICED(dear, 1e6)
PRICED(endless, 60e9)

/* Passes its check, then stops working: what dead code looks like. */
static void lazy(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    if (getpid() != sim_process || sim_calls < 12) right->run(s, t, c, r);
    sim_spend(1e5);
}

/* Every other call does nothing: seen where each call meets other outputs. */
static void halfhearted(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    if (getpid() != sim_process || sim_calls < 12 || sim_calls % 2) right->run(s, t, c, r);
    sim_spend(1e5);
}

/* Right for the small shapes of a check, wrong at the timed one: leaves the last group out. */
static void forgetful(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    if (s->groups > 8 && r.end == right->units(s)) r.end--;
    if (r.begin < r.end) right->run(s, t, c, r);
    sim_spend(1e5);
}

/* Right for the small shapes of a check; at the timed one every call gives the same, but slightly else. */
static void bent(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    right->run(s, t, c, r);
    float *mixed = t->mixed;
    for (size_t i = 0; s->groups > 8 && i < s->experts * s->groups * s->d_model; i++) mixed[i] *= 1.001F;
    sim_spend(1e5);
}

static void wrong(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    right->run(s, t, c, r);
    ((float *)t->mixed)[0] += 1;
    sim_spend(1e3);
}

mot_variant kernel[KERNELS];
const mot_shape shape = {16, 4, 4, 16, 8};

contestant make(int which) {
    static const mot_kernel_fn run[] = {cheap, dearer, dear, endless, lazy, halfhearted, forgetful, bent, wrong};
    static const char *const name[] = {"cheap",       "dearer",    "dear", "endless", "lazy",
                                       "halfhearted", "forgetful", "bent", "wrong"};
    right = mot_registry_find("mix_scalar_4x4");
    assert_non_null(right);
    kernel[which] = *right;
    kernel[which].name = name[which];
    kernel[which].run = run[which];
    return (contestant){.plan = {.steps = 1, .step = {{&kernel[which], mot_config_default(right)}}},
                        .name = name[which]};
}

measurement *compare(const int *which, size_t count, const measure_options *options) {
    static measurement m[8];
    contestant side[8];
    char error[256] = "";
    for (size_t i = 0; i < count; i++) side[i] = make(which[i]);
    if (!measure(side, count, &shape, options, m, error, sizeof error)) fail_msg("measure: %s", error);
    return m;
}

const measure_options plain = {.threads = 1, .rounds = 12, .seed = 3};
