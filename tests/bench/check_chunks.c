/* check_chunks.c: products that are computed piece by piece, which the smoke shapes are too small for: columns of D by
 * chunks of every width, many experts by parts of the depth, few strips of rows on b in place, and c past the caches.
 */
#include "check.h"
#include "cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The variant's knob "dc", or NULL; then it has "stream" as well. */
static const mot_knob *chunk_knob(const mot_variant *v) {
    return v->knob_count && !strcmp(v->knobs[0].name, "dc") ? &v->knobs[0] : NULL;
}

static bool here(const mot_variant *v) { return chunk_knob(v) && !mot_cpu_why_not(v->isa); }

enum { BY_SIZE, NEVER, ALWAYS }; /* of "stream" */
static const int in_place[] = {0, 4, 64};

/* Of all choices and shapes together every TEST_EVERY-th. Of three, the first has a thread for each group, which the
 * threads of the others share by columns. */
static void expect_pass(const mot_variant *v, int dc, int stream, const mot_shape *s) {
    static unsigned asked;
    const int place = in_place[asked % 3], threads = (int)(asked % 3 * 2 + s->groups);
    if (asked++ % TEST_EVERY) return;
    const check_options options = {.seed = 3, .threads = threads, .strided = true, .quick = true};
    const mot_plan plan = {.steps = 1, .step = {{v, {{dc, stream, place}}}}};
    const check_result r = check_plan_forked(&plan, s, &options, 20);
    if (r.verdict != VERDICT_PASS)
        fail_msg("%s{dc=%d,stream=%d,in_place=%d} %d threads g%zut%zue%zud%zu: %s: %s", v->name, dc, stream, place,
                 threads, s->groups, s->group_size, s->experts, s->d_model, verdict_name(r.verdict), r.reason);
}

static void every_width_of_chunk_passes(void **state) {
    static const mot_shape shapes[] = {
        {2, 33, 70, 150, 1},  /* many strips; three chunks of 64, the last of 22; experts 64 and 6 */
        {2, 3, 130, 150, 1},  /* few tokens: Y in place but for the last columns; experts 64, 64 and 2 */
        {2, 130, 3, 150, 1},  /* few experts: X in place */
        {2, 33, 193, 70, 1}}; /* an odd number of experts in a fourth part */
    size_t checked = 0;
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        for (int k = 0; here(v) && k < chunk_knob(v)->count; k++)
            for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++, checked++)
                expect_pass(v, chunk_knob(v)->values[k], BY_SIZE, &shapes[n]);
    }
    assert_true(checked >= 100); /* scalar code has 3 such stages in 2 data types, with 5 widths each */
}

/* Rows of whole cache lines; and others, for which there is no such store. */
static void past_the_caches_passes(void **state) {
    static const mot_shape shapes[] = {{2, 33, 70, 160, 1},
                                       {2, 3, 5, 160, 1},
                                       {2, 33, 70, 150, 1},
                                       {2, 9, 70, 40, 1},
                                       {2, 9, 70, 80, 1}}; /* the second group begins within a line */
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++)
        for (size_t n = 0; here(mot_registry_at(i)) && n < sizeof shapes / sizeof *shapes; n++)
            for (int dc = 0; dc <= 64; dc += 64) {
                expect_pass(mot_registry_at(i), dc, ALWAYS, &shapes[n]);
                expect_pass(mot_registry_at(i), dc, NEVER, &shapes[n]);
            }
}

static void set_knob(mot_choice *c, const char *knob, int value) {
    int i = 0;
    while (i < c->variant->knob_count && strcmp(c->variant->knobs[i].name, knob)) i++;
    c->config.value[i] = value;
    assert_true(i < c->variant->knob_count && mot_config_legal(c->variant, &c->config));
}

/* Few rows read their weights past L2 where they are told to: a loop of its own. */
static void weights_read_once_pass(void **state) {
    const mot_shape s = {3, 1, 5, 67, 131};
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        if (v->stage != MOT_STAGE_EXPERTS || mot_cpu_why_not(v->isa)) continue;
        const check_options options = {.seed = 3, .threads = 2, .quick = true};
        mot_plan plan = {.steps = 1, .step = {{v, mot_config_default(v)}}};
        set_knob(&plan.step[0], "prefetch", 0);
        set_knob(&plan.step[0], "past_l2", 1);
        const check_result r = check_plan_forked(&plan, &s, &options, 60);
        if (r.verdict != VERDICT_PASS) fail_msg("%s: %s: %s", v->name, verdict_name(r.verdict), r.reason);
    }
}

/* So many tokens that not even one panel of them is within what a chunk should take. */
static void a_chunk_has_at_least_one_panel(void **state) {
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++)
        if (here(mot_registry_at(i)) && mot_registry_at(i)->stage == MOT_STAGE_MIX)
            expect_pass(mot_registry_at(i), 0, BY_SIZE, &(mot_shape){1, 18000, 29, 5, 1});
}

/* What is copied at a time shows in the scratch memory, and is never more than there is. */
static void the_knob_is_obeyed(void **state) {
    const mot_shape wide = {1, 64, 64, 1024, 1}, narrow = {1, 64, 64, 64, 1};
    (void)state;
    for (size_t i = 0; i < mot_registry_count(); i++) {
        const mot_variant *v = mot_registry_at(i);
        const mot_config few = {{64}}, many = {{512}};
        if (!chunk_knob(v) || v->stage == MOT_STAGE_FRONT) continue; /* that has room for route too */
        assert_true(v->scratch_bytes(&wide, &few) < v->scratch_bytes(&wide, &many));
        assert_int_equal(v->scratch_bytes(&narrow, &few), v->scratch_bytes(&narrow, &many));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_of_chunk_passes), cmocka_unit_test(past_the_caches_passes),
        cmocka_unit_test(weights_read_once_pass), cmocka_unit_test(a_chunk_has_at_least_one_panel),
        cmocka_unit_test(the_knob_is_obeyed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
