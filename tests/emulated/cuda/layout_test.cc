/* Every argument of layout.cuh: fragments cover their matrices, swizzles keep every piece and meet every bank. */
#include "layout.cuh"
#include "matrix.cuh"

#include <csetjmp>
#include <cstdarg>
#include <cstdint>
extern "C" {
#include <cmocka.h>
}

using namespace mot;

/* Each element of a rows x columns matrix is in one place of one lane. */
template <int ROWS, int COLUMNS, class F> static void covers(int words, int halves, F fragment) {
    int seen[ROWS][COLUMNS] = {};
    for (int lane = 0; lane < 32; lane++)
        for (int word = 0; word < words; word++)
            for (int half = 0; half < halves; half++) {
                const place p = fragment(lane, word, half);
                assert_in_range(p.row, 0, ROWS - 1);
                assert_in_range(p.column, 0, COLUMNS - 1);
                assert_int_equal(seen[p.row][p.column]++, 0);
            }
    assert_int_equal(32 * words * halves, ROWS * COLUMNS);
}

static void fragments_cover_their_matrices(void **) {
    covers<16, 16>(4, 2, [](int lane, int word, int half) { return fragment_a16(lane, word, half); });
    covers<16, 8>(2, 2, [](int lane, int word, int half) { return fragment_b16(lane, word, half); });
    covers<16, 8>(4, 1, [](int lane, int word, int) { return fragment_a8(lane, word); });
    covers<8, 8>(2, 1, [](int lane, int word, int) { return fragment_b8(lane, word); });
    covers<16, 8>(4, 1, [](int lane, int i, int) { return fragment_c(lane, i); });
}

/* Words of the PTX manual's figures. */
static void fragments_lie_where_ptx_says(void **) {
    static_assert(fragment_a16(5, 0, 1).row == 1 && fragment_a16(5, 0, 1).column == 3, "");
    static_assert(fragment_a16(31, 3, 0).row == 15 && fragment_a16(31, 3, 0).column == 14, "");
    static_assert(fragment_a16(0, 1, 0).row == 8 && fragment_a16(0, 2, 0).column == 8, "");
    static_assert(fragment_b16(6, 1, 1).row == 13 && fragment_b16(6, 1, 1).column == 1, "");
    static_assert(fragment_a8(7, 2).row == 1 && fragment_a8(7, 2).column == 7, "");
    static_assert(fragment_b8(9, 1).row == 5 && fragment_b8(9, 1).column == 2, "");
    static_assert(fragment_c(30, 3).row == 15 && fragment_c(30, 3).column == 5, "");
}

/* What the softmax of a fused front rests on: two neighbouring c are an a of the next product. */
static void results_are_operands(void **) {
    for (int lane = 0; lane < 32; lane++)
        for (int word = 0; word < 4; word++)
            for (int half = 0; half < 2; half++) {
                const place a = fragment_a16(lane, word, half), c = fragment_c(lane, word % 2 * 2 + half);
                assert_int_equal(a.row, c.row);
                assert_int_equal(a.column, c.column + word / 2 * 8);
            }
}

template <class F> static void is_bijective(F slot, int pieces) {
    int seen[64 * 64] = {};
    for (int row = 0; row < 64; row++)
        for (int piece = 0; piece < pieces; piece++) {
            assert_in_range(slot(row, piece, pieces), row * pieces, row * pieces + pieces - 1);
            assert_int_equal(seen[slot(row, piece, pieces)]++, 0);
        }
}

static void swizzles_keep_every_piece(void **) {
    for (int pieces = 1; pieces <= 64; pieces *= 2) {
        is_bijective(swizzled, pieces);
        is_bijective(swizzled4, pieces);
    }
    is_bijective(swizzled, 24);
}

/* Eight pieces at once are in the eight different 16-byte columns of the banks: of load_matrices, and of copies. */
static void eight_pieces_meet_eight_banks(void **) {
    for (int pieces = 1; pieces <= 64; pieces *= 2)
        for (int row = 0; row < 64; row += 8)
            for (int piece = 0; piece < pieces; piece++) {
                int down = 0, across = 0;
                for (int i = 0; i < 8; i++) {
                    down |= 1 << swizzled(row + i, piece, pieces) % 8;
                    across |= 1 << swizzled(row + i / pieces, (piece / 8 * 8 + i) % pieces, pieces) % 8;
                }
                assert_int_equal(down, 255);
                if (pieces >= 8) assert_int_equal(across, 255);
            }
}

/* The 32 words of a fragment_b8, read one by one, are in 32 different banks. */
static void words_of_b_meet_all_banks(void **) {
    for (int pieces = 8; pieces <= 64; pieces *= 2)
        for (int row = 0; row < 64; row += 4)
            for (int column = 0; column < pieces * 4; column += 8) {
                unsigned banks = 0;
                for (int lane = 0; lane < 32; lane++) {
                    const place p = fragment_b8(lane, 0);
                    const int at = column + p.column;
                    banks |= 1U << (swizzled4(row + p.row, at / 4, pieces) * 4 + at % 4) % 32;
                }
                assert_int_equal(banks, ~0U);
            }
}

/* load_matrices gives what the layouts of mma want. */
static void loaded_matrices_are_fragments(void **) {
    static mot_bf16 tile[16][16];
    for (int i = 0; i < 256; i++) tile[i / 16][i % 16] = (mot_bf16)i;
    auto kernel = [](int) {
        const int lane = (int)threadIdx.x;
        unsigned a[4], b[4];
        load_matrices(a, &tile[lane % 16][lane / 16 * 8]);
        load_matrices_turned(b, &tile[lane % 16][lane / 16 * 8]);
        for (int word = 0; word < 4; word++)
            for (int half = 0; half < 2; half++) {
                const place pa = fragment_a16(lane, word, half), pb = fragment_b16(lane, word % 2, half);
                assert_int_equal(a[word] >> 16 * half & 0xffff, tile[pa.row][pa.column]);
                assert_int_equal(b[word] >> 16 * half & 0xffff, tile[pb.row][pb.column + word / 2 * 8]);
            }
    };
    const launch warp = {{1, 1, 1}, 32, 0};
    MOT_LAUNCH(kernel, warp, 0, 0);
}

static void quads_turn(void **) {
    auto kernel = [](int) {
        const unsigned lane = threadIdx.x;
        unsigned w[4] = {lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3};
        turn_quad(w);
        for (unsigned i = 0; i < 4; i++) assert_int_equal(w[i], (lane / 4 * 4 + i) * 4 + lane % 4);
        const unsigned turned = turn_matrix((lane * 2 + 1) << 16 | lane * 2);
        assert_int_equal(turned & 0xffff, lane % 4 * 16 + lane / 4);
        assert_int_equal(turned >> 16, lane % 4 * 16 + 8 + lane / 4);
    };
    const launch warp = {{1, 1, 1}, 32, 0};
    MOT_LAUNCH(kernel, warp, 0, 0);
}

int main() {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fragments_cover_their_matrices), cmocka_unit_test(fragments_lie_where_ptx_says),
        cmocka_unit_test(results_are_operands),           cmocka_unit_test(swizzles_keep_every_piece),
        cmocka_unit_test(eight_pieces_meet_eight_banks),  cmocka_unit_test(words_of_b_meet_all_banks),
        cmocka_unit_test(loaded_matrices_are_fragments),  cmocka_unit_test(quads_turn)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
