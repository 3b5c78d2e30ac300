/* Rung 2 on odd shapes with several tiles, and without one of its barriers. */
#include "judge.h"
#include "tiled.cuh"

using namespace emulated;

template <class T, class S> static mot_variant experts() {
    return variant<T>("experts_tiled", MOT_STAGE_EXPERTS,
                      stage<start_product<mot::experts_up, mot::tiled_product<T, S, true, mot::product>,
                                          mot::tiled_launch<S, mot::product>>,
                            start_product<mot::experts_down, mot::tiled_product<T, S, false, mot::product>,
                                          mot::tiled_launch<S, mot::product>>>);
}

template <class P> static P groups_of(const mot::tensors &t) { return {t}; }

template <class T, class S, class P> static mot_variant linear(mot_stage which) {
    return variant<T>(which == MOT_STAGE_MIX ? "mix_tiled" : "redistribute_tiled", which,
                      stage<start_product<groups_of<P>, mot::tiled_product<T, S, false, P>, mot::tiled_launch<S, P>>>);
}

template <class T, class S> static mot_variant route() {
    return variant<T>(
        "route_tiled", MOT_STAGE_ROUTE,
        stage<start_product<groups_of<mot::routing>, mot::tiled_route<T, S>, mot::tiled_route_launch<S>>>);
}

template <class T, class S> static void passes(void **) {
    for (const mot_shape &s : odd_shapes) {
        must_pass(experts<T, S>(), s);
        must_pass(linear<T, S, mot::mixing>(MOT_STAGE_MIX), s);
        must_pass(linear<T, S, mot::redistribution>(MOT_STAGE_REDISTRIBUTE), s);
        if (mot::tiled_route_supports<S>(s)) must_pass(route<T, S>(), s);
    }
    must_pass(experts<T, S>(), {260, 1, 2, 44, 72}); /* several stripes of tiles */
}

template <class T, class S> static void every_barrier_counts(void **) {
    for (int number = 0; number < 3; number++) {
        skip_barrier(number);
        must_be_caught(experts<T, S>(), {20, 1, 2, 96, 96});
    }
    for (int number = 0; number < 7; number++) { /* 5 of the sums, that after the last one, and that of the logits */
        skip_barrier(number);
        must_be_caught(route<T, S>(), {3, S::BM, 33, 80, 1});
    }
    skip_barrier(-1);
}

/* Without its relu, and with the operands of the second product in the wrong place. */
template <class T, class S> static void wrong_products_are_caught(void **) {

    constexpr auto linear = start_product<mot::experts_up, mot::tiled_product<T, S, false, mot::product>,
                                          mot::tiled_launch<S, mot::product>>;
    constexpr auto down = start_product<mot::experts_down, mot::tiled_product<T, S, false, mot::product>,
                                        mot::tiled_launch<S, mot::product>>;

    must_be_caught(variant<T>("linear", MOT_STAGE_EXPERTS, stage<linear, down>), {7, 6, 5, 19, 21});
    must_be_caught(variant<T>("only_down", MOT_STAGE_EXPERTS, stage<down>), {7, 6, 5, 19, 21});
}

/* Every tile of the result exactly once, whatever the raster. */
static void tiles_cover_the_product(void **) {
    for (unsigned m = 1; m < 12; m++)
        for (unsigned n = 1; n < 6; n++)
            for (unsigned raster = 1; raster < 14; raster++) {
                const mot::tiling t = {m, n, 3, raster};
                int seen[3][12][6] = {};
                for (unsigned at = 0; at < tile_count(t); at++) {
                    const mot::tile where = tile_at(t, at);
                    assert_true(where.batch < 3 && where.m < m && where.n < n);
                    assert_int_equal(seen[where.batch][where.m][where.n]++, 0);
                }
                assert_int_equal(tile_count(t), 3 * m * n);
            }
}

using square = mot::tiled_shape<64, 64, 16, 4, 4>;
using wide = mot::tiled_shape<64, 128, 8, 8, 8>;
using tall = mot::tiled_shape<128, 32, 16, 8, 4>;

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_cover_the_product),
        cmocka_unit_test((passes<float, square>)),
        cmocka_unit_test((passes<mot_bf16, square>)),
        cmocka_unit_test((passes<float, wide>)),
        cmocka_unit_test((passes<mot_bf16, tall>)),
        cmocka_unit_test((every_barrier_counts<float, square>)),
        cmocka_unit_test((wrong_products_are_caught<float, wide>)),
        cmocka_unit_test((wrong_products_are_caught<mot_bf16, wide>)),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
