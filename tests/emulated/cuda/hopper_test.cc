/* Rung 4: its layouts and phases for every argument; the whole kernel, its copy engine and its products on the CPU; and
 * what happens if it does not wait. */
#include "hopper.cuh"
#include "judge.h"

using namespace emulated;

/* ---- plain functions ---- */

static void pieces_stay_in_their_1024_bytes(void **) {
    int seen[4096] = {};
    for (unsigned at = 0; at < 4096; at++) {
        const unsigned to = mot::swizzled128(at);
        assert_int_equal(to / 128, at / 128);
        assert_int_equal(to % 16, at % 16);
        assert_int_equal(seen[to]++, 0);
    }
    for (unsigned column = 0; column < 128; column += 16) {
        int banks = 0; /* the 16-byte columns that eight rows meet */
        for (unsigned row = 0; row < 8; row++) banks |= 1 << mot::swizzled128(row * 128 + column) % 128 / 16;
        assert_int_equal(banks, 255);
    }
}

static void threads_share_a_product(void **) {
    int seen[64][256] = {};
    for (int thread = 0; thread < 128; thread++)
        for (int i = 0; i < 128; i++) {
            const mot::place p = mot::warpgroup_c(thread, i);
            assert_int_equal(seen[p.row][p.column]++, 0);
        }
    static_assert(mot::warpgroup_c(37, 6).row == 25 && mot::warpgroup_c(37, 6).column == 10, "");
}

static void descriptions_keep_their_fields(void **) {
    for (unsigned at = 0; at < 232448; at += 1024) {
        const unsigned long long d = mot::describe(at, 8192, 1024);
        assert_int_equal(d & 0x3fff, at / 16);
        assert_int_equal(d >> 16 & 0x3fff, 512);
        assert_int_equal(d >> 32 & 0x3fff, 64);
        assert_int_equal(d >> 62, 1);
        assert_int_equal(d >> 46 & 0xffff, 0);
    }
}

static void rings_go_round(void **) {
    for (unsigned stages = 1; stages < 9; stages++) {
        mot::ring_place p = {0, 0};
        for (unsigned at = 0; at < 100; at++) {
            const mot::ring_place direct = mot::ring_at(at, stages);
            assert_int_equal(p.stage, direct.stage);
            assert_int_equal(p.phase, direct.phase);
            assert_int_equal(direct.stage, at % stages);
            assert_int_equal(direct.phase, at / stages % 2);
            p = mot::ring_next(p, stages);
        }
    }
}

/* Two warpgroups with every second tile: each phase is the one after that of its tile before, and first of all the
 * first one's. */
static void turns_alternate(void **) {
    assert_int_equal(mot::hopper_turn(0), 1); /* the phase before phase 0 */
    assert_int_equal(mot::hopper_turn(1), 0);
    for (unsigned number = 2; number < 100; number++)
        assert_int_equal(mot::hopper_turn(number), 1 - mot::hopper_turn(number - 2));
}

/* Every tile of the result is one block's, once; those of a cluster are side by side. */
template <class S> static void clusters_cover(size_t m, size_t n) {
    const mot::product p = {nullptr, nullptr, nullptr, m, n, 1, 3, 1, 1, 1, 1, 1, 1};
    const mot::tiling t = mot::hopper_tiling<S>(p);
    const unsigned wide = t.m * S::CM, high = t.n * S::CN;
    std::vector<int> seen(wide * high * 3);
    for (unsigned at = 0; at < mot::tile_count(t); at++)
        for (unsigned block = 0; block < S::CLUSTER; block++) {
            const mot::tile part = mot::hopper_part<S>(mot::tile_at(t, at), block);
            assert_true(part.m / S::CM == mot::tile_at(t, at).m && part.n / S::CN == mot::tile_at(t, at).n);
            seen[(part.batch * wide + part.m) * high + part.n]++;
        }
    for (const int times : seen) assert_int_equal(times, 1);
    assert_true(wide * S::BM >= m && high * S::BN >= n);
}

static void tiles_of_clusters(void **) {
    using two = mot::hopper_shape<128, 256, 2, false, 2, 1>;
    const mot::product p = {nullptr, nullptr, nullptr, 4096, 4096, 1, 3, 1, 1, 1, 1, 1, 1};
    for (unsigned multiprocessors : {1, 2, 3, 132, 133}) { /* of one alone the launch fails, and says so */
        const unsigned whole = multiprocessors < 2 ? 2 : multiprocessors / 2 * 2;
        assert_int_equal(mot::hopper_launch<two>(p, multiprocessors).blocks[0], whole);
    }
    for (size_t m : {1, 128, 129, 1000})
        for (size_t n : {1, 256, 300, 1024}) {
            clusters_cover<mot::hopper_shape<128, 256, 2, false, 2, 1, 2>>(m, n);
            clusters_cover<mot::hopper_shape<128, 256, 2, false, 1, 2>>(m, n);
            clusters_cover<mot::hopper_shape<64, 256, 2>>(m, n);
        }
}

/* ---- the kernel ---- */

template <class S, bool RELU, auto Which> static void start_hopper(const mot::tensors &t) {
    mot::hopper_problem h;
    assert_int_equal(mot::hopper_describe<S>(&h, Which(t),
                                             [](mot::tensor_map *map, const mot::map_recipe &r) {
                                                 *map = mot::map_of(r);
                                                 return 0;
                                             }),
                     0);
    const mot::launch how = mot::hopper_launch<S>(h.p, 5); /* as if of five multiprocessors: many tiles for each */
    const auto kernel = mot::hopper_product<S, RELU>;
    MOT_LAUNCH(kernel, how, 0, h);
}

template <class S> static mot_variant experts() {
    return variant<mot_bf16>("experts_hopper", MOT_STAGE_EXPERTS,
                             stage<start_hopper<S, true, mot::experts_up>, start_hopper<S, false, mot::experts_down>>);
}

template <class S> static void passes(void **) {
    for (const mot_shape &s : {mot_shape{1, 1, 1, 8, 8}, {7, 1, 3, 24, 40}, {150, 1, 1, 72, 264}, {3, 1, 2, 328, 16}})
        must_pass(experts<S>(), s);
}

/* Many tiles for each cluster, and a last one half outside. */
template <class S> static void passes_large(void **) { must_pass(experts<S>(), {300, 1, 2, 136, 520}); }

template <class S> static void waiting_counts(void **) {
    skip_waits(true);
    must_be_caught(experts<S>(), {20, 1, 2, 256, 256});
    skip_waits(false);
    skip_phases(0, S::CONSUMERS * 128);
    must_be_caught(experts<S>(), {20, 1, 2, 256, 256}); /* they do not wait until a stage is full */
    skip_phases(S::CONSUMERS * 128, S::THREADS);
    must_be_caught(experts<S>(), {20, 1, 2, 512, 256}); /* it does not wait until one is empty */
    skip_phases(0, 0);
    must_pass(experts<S>(), {20, 1, 2, 512, 256});
}

/* Blocks that do not meet before they begin or end, or that wait for their own warpgroups only. */
template <class S> static void clusters_keep_together(void **) {
    const mot_shape s = {20, 1, 2, 512, 256};
    for (int meeting = 0; meeting < 2; meeting++) {
        skip_cluster_barrier(meeting);
        must_be_caught(experts<S>(), s);
    }
    skip_cluster_barrier(-1);
    stay_at_home(true);
    must_be_caught(experts<S>(), s);
    stay_at_home(false);
    must_pass(experts<S>(), s);
}

using wide = mot::hopper_shape<128, 256, 2>;
using square = mot::hopper_shape<128, 128, 3>;
using low = mot::hopper_shape<64, 256, 4, false, 1, 1, 2>;
using in_turn = mot::hopper_shape<128, 128, 3, true>;
using low_in_turn = mot::hopper_shape<64, 256, 2, true>;
using high = mot::hopper_shape<256, 128, 2>;
using share_b = mot::hopper_shape<128, 256, 2, false, 2, 1>;
using share_a = mot::hopper_shape<128, 128, 3, false, 1, 2>;
using share_b_in_turn = mot::hopper_shape<128, 128, 3, true, 2, 1>;
using low_share_a_in_turn = mot::hopper_shape<64, 256, 2, true, 1, 2>;

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_stay_in_their_1024_bytes),
        cmocka_unit_test(threads_share_a_product),
        cmocka_unit_test(descriptions_keep_their_fields),
        cmocka_unit_test(rings_go_round),
        cmocka_unit_test(turns_alternate),
        cmocka_unit_test(passes<wide>),
        cmocka_unit_test(passes<square>),
        cmocka_unit_test(passes<low>),
        cmocka_unit_test(passes<in_turn>),
        cmocka_unit_test(passes<low_in_turn>),
        cmocka_unit_test(tiles_of_clusters),
        cmocka_unit_test(passes<high>),
        cmocka_unit_test(passes<share_b>),
        cmocka_unit_test(passes<share_a>),
        cmocka_unit_test(passes<share_b_in_turn>),
        cmocka_unit_test(passes<low_share_a_in_turn>),
        cmocka_unit_test(passes_large<share_b>),
        cmocka_unit_test(passes_large<share_a>),
        cmocka_unit_test(waiting_counts<square>),
        cmocka_unit_test(waiting_counts<in_turn>),
        cmocka_unit_test(waiting_counts<share_b>),
        cmocka_unit_test(waiting_counts<share_a>),
        cmocka_unit_test(clusters_keep_together<share_b>),
        cmocka_unit_test(clusters_keep_together<share_a>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
