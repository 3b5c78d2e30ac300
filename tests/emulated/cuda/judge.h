/* judge.h: the suite's check of one emulated variant, or of a layer of them, in both orders of threads. */
#ifndef EMULATED_JUDGE_H
#define EMULATED_JUDGE_H

#include "variants.h"

#include <csetjmp>
#include <cstdarg>
#include <cstdio>
extern "C" {
#include <cmocka.h>
}

namespace emulated {

/* Primes, ones, whole tiles and their neighbours. */
static const mot_shape odd_shapes[] = {{7, 6, 5, 19, 21},   {1, 1, 1, 1, 1},     {2, 33, 3, 7, 65},
                                       {3, 13, 31, 37, 11}, {5, 2, 1, 3, 1},     {4, 16, 16, 32, 16},
                                       {17, 1, 2, 127, 67}, {2, 32, 40, 72, 136}};

inline check_result check(const mot_plan &plan, const mot_shape &s, order o) {
    check_options options = {};
    options.seed = 42, options.threads = 1, options.strided = true;
    set_order(o);
    return check_plan_forked(&plan, &s, &options, 100);
}

inline mot_plan one_step(const mot_variant &v) {
    mot_plan plan = {};
    plan.steps = 1, plan.step[0].variant = &v;
    return plan;
}

/* Of all shapes and orders together every TEST_EVERY-th: it is odd, so both orders are met. */
inline void must_pass(const mot_plan &plan, const char *name, const mot_shape &s) {
    static unsigned asked;
    for (order o : {order::forward, order::backward}) {
        if (asked++ % TEST_EVERY) continue;
        const check_result r = check(plan, s, o);
        if (r.verdict != VERDICT_PASS)
            fail_msg("%s on g%zut%zue%zud%zuh%zu: %s: %s", name, s.groups, s.group_size, s.experts, s.d_model,
                     s.d_expert, verdict_name(r.verdict), r.reason);
        assert_true(r.compared > 0);
    }
}

inline void must_pass(const mot_variant &v, const mot_shape &s) { must_pass(one_step(v), v.name, s); }

/* In one of the two orders at least. */
inline void must_be_caught(const mot_variant &v, const mot_shape &s) {
    for (order o : {order::forward, order::backward}) {
        const check_result r = check(one_step(v), s, o);
        if (r.verdict == VERDICT_FAIL || r.verdict == VERDICT_CRASH) return;
    }
    fail_msg("%s passes", v.name);
}

} // namespace emulated

#endif
