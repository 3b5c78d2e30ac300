/* shape_drawn.c: "drawn:SEED": the same shapes for the same seed for ever, all sizes, within what it says. */
#include "shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 300, DRAWN = 12 };

static char error[512];

static shape_list drawn(const char *name) {
    shape_list list = {0};
    if (!shape_preset(&list, name, error, sizeof error)) fail_msg("%s", error);
    return list;
}

static void expect_first(const char *name, const char *text) {
    shape_list list = drawn(name);
    char first[3 * SHAPE_TEXT] = "", one[SHAPE_TEXT];
    for (size_t i = 0; i < 3; i++) {
        shape_print(one, &list.item[i]);
        strcat(strcat(first, i ? " " : ""), one);
    }
    assert_string_equal(first, text);
    assert_int_equal(list.count, DRAWN);
    shape_list_free(&list);
}

/* Who reports numbers names the seed, so it must mean the same everywhere and later. */
static void a_seed_means_these_shapes(void **state) {
    (void)state;
    expect_first("drawn:7", "g481t6e1d1089h405 g2003t3e19d150h34 g101t52e31d1012h98");
    expect_first("drawn:0", "g34t56e15d53h3485 g4096t4e3d696h62 g32t6e115d295h348");
    expect_first("drawn:010", "g42t1e98d76h1703 g4096t4e4d131h16 g62t1e6d104h2617");
}

/* What 3600 shapes have in common. */
typedef struct extremes {
    mot_shape least, most;
    size_t count, below_middle; /* of D, in powers */
} extremes;

static void widen(size_t *least, size_t *most, size_t value) {
    *least = value < *least ? value : *least;
    *most = value > *most ? value : *most;
}

static void look_at(extremes *e, const mot_shape *s) {
    const double weights = 2.0 * (double)(s->experts * s->d_model) * (double)s->d_expert;
    const double flops_of_a_group = 2 * weights, flops = flops_of_a_group * (double)s->groups;
    assert_true(weights <= 64 << 20); /* 256 MiB of f32 */
    assert_true(flops <= 3e9);
    assert_true(flops + flops_of_a_group > 3e8 || s->groups == 4096);
    widen(&e->least.groups, &e->most.groups, s->groups);
    widen(&e->least.group_size, &e->most.group_size, s->group_size);
    widen(&e->least.experts, &e->most.experts, s->experts);
    widen(&e->least.d_model, &e->most.d_model, s->d_model);
    widen(&e->least.d_expert, &e->most.d_expert, s->d_expert);
    e->below_middle += s->d_model < 271; /* the geometric mean of 48 and 1536 */
    e->count++;
}

static extremes extremes_of_many(void) {
    extremes e = {.least = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}};
    for (int seed = 0; seed < SEEDS; seed++) {
        char name[32];
        snprintf(name, sizeof name, "drawn:%d", seed);
        shape_list list = drawn(name);
        for (size_t i = 0; i < list.count; i++) look_at(&e, &list.item[i]);
        shape_list_free(&list);
    }
    return e;
}

static void all_sizes_are_drawn_and_no_others(void **state) {
    (void)state;
    const extremes e = extremes_of_many();
    assert_true(e.count > SEEDS * (DRAWN - 1)); /* a list keeps duplicates out */
    assert_true(e.least.groups == 2 && e.most.groups == 4096);
    assert_true(e.least.group_size == 1 && e.most.group_size >= 95 && e.most.group_size <= 96);
    assert_true(e.least.experts == 1 && e.most.experts > 500 && e.most.experts <= 512);
    assert_true(e.least.d_model == 48 && e.most.d_model > 1500 && e.most.d_model <= 1536);
    assert_true(e.least.d_expert == 16 && e.most.d_expert > 4000 && e.most.d_expert <= 4096);
    assert_true(e.below_middle > e.count / 2 && e.below_middle < e.count * 2 / 3); /* large weights are drawn again */
}

static void refuse(const char *name, const char *says) {
    shape_list list = {0};
    assert_false(shape_preset(&list, name, error, sizeof error));
    if (!strstr(error, says)) fail_msg("%s: %s", name, error);
    assert_int_equal(list.count, 0);
    shape_list_free(&list);
}

static void other_seeds_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"drawn:",   "drawn:7x", "drawn:x",  "drawn:-7",
                                      "drawn:+7", "drawn: 7", "drawn:7 ", "drawn::7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuse(bad[i], "the seed is a number, as in drawn:7");
    refuse("drawn", "neither a preset nor a file");
    refuse("drawn7", "neither a preset nor a file");
}

static void a_full_list_stays_as_it_was(void **state) {
    (void)state;
    shape_list list = {0};
    if (!shape_parse(&list, "g1:4090t1e1d1h1", error, sizeof error)) fail_msg("%s", error);
    assert_false(shape_preset(&list, "drawn:7", error, sizeof error));
    assert_non_null(strstr(error, "4096"));
    assert_int_equal(list.count, 4090);
    shape_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_means_these_shapes), cmocka_unit_test(all_sizes_are_drawn_and_no_others),
        cmocka_unit_test(other_seeds_are_refused), cmocka_unit_test(a_full_list_stays_as_it_was)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
