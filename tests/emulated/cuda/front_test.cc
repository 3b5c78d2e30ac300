/* The fused front on odd shapes, short groups and strided tokens included; and without one of its barriers, or without
 * waiting for its copies. */
#include "front.cuh"
#include "judge.h"

using namespace emulated;

template <class S> static mot_variant fused() {
    return variant<mot_bf16>("front_mma", MOT_STAGE_FRONT, stage<start<mot::front<S>, mot::front_launch<S>>>);
}

template <class S> static void passes(void **) {
    for (const mot_shape &s : odd_shapes)
        if (mot::front_supports<S>(s, 227 << 10)) must_pass(fused<S>(), s);
    must_pass(fused<S>(), {5, S::TOKENS, 72, 200, 1}); /* whole pieces, several rounds of experts, a group left over */
    must_pass(fused<S>(), {4, S::TOKENS - 3, 64, 128, 1});
}

template <class S> static void every_barrier_counts(void **) {
    for (int number = 0; number < 4; number++) {
        skip_barrier(number);
        must_be_caught(fused<S>(), {3, 16, 40, 256, 1});
    }
    skip_barrier(-1);
    skip_waits(true);
    must_be_caught(fused<S>(), {3, 16, 40, 256, 1});
    skip_waits(false);
    must_pass(fused<S>(), {3, 16, 40, 256, 1});
}

/* The tokens of the last group count as a full one's. */
template <class S> static void takes_groups_for_full(mot::tensors t) {
    t.strides.last_tokens = t.shape.group_size;
    mot::front<S>(t);
}

template <class S> static void short_groups_count(void **) {
    must_be_caught(variant<mot_bf16>("takes_groups_for_full", MOT_STAGE_FRONT,
                                     stage<start<takes_groups_for_full<S>, mot::front_launch<S>>>),
                   {7, 6, 5, 19, 1});
}

static void too_large_is_refused(void **) {
    using S = mot::front_shape<32, 32, 2, 64, 3>;
    assert_true(mot::front_supports<S>({1, 32, 32, 1536, 1}, 227 << 10));
    assert_false(mot::front_supports<S>({1, 32, 32, 2048, 1}, 227 << 10));
    assert_false(mot::front_supports<S>({1, 33, 32, 64, 1}, 227 << 10));
}

using two_groups = mot::front_shape<32, 32, 2, 64, 3>;
using one_group = mot::front_shape<16, 64, 1, 32, 2>;
using many_tokens = mot::front_shape<64, 16, 1, 32, 4>;

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes<two_groups>),
        cmocka_unit_test(passes<one_group>),
        cmocka_unit_test(passes<many_tokens>),
        cmocka_unit_test(every_barrier_counts<two_groups>),
        cmocka_unit_test(short_groups_count<two_groups>),
        cmocka_unit_test(too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
