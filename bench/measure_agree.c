/* measure_agree.c: checks are of small shapes; at the timed one contestants are each other's witnesses. */
#include "cuda_device.h"
#include "measure_run.h"

#include <math.h>
#include <string.h>

static bool rounds_factors(const contestant *k) {
    for (int i = 0; i < k->plan.steps; i++) {
        const mot_cuda_variant *v = candidate_cuda(k->plan.step[i].variant);
        if (v && v->tf32) return true;
    }
    return false;
}

static bool keep_outputs(witness *w, const side *s) {
    w->name = s->contestant->name;
    w->writes = s->writes;
    w->coarse = rounds_factors(s->contestant);
    if (!rotor_map(&w->copy, tensors_bytes(&s->tensors->shape, s->tensors->dtype, s->writes), 1)) return false;
    char *to = w->copy.base;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const rotor *from = &s->tensors->at[i];
        if (!(s->writes & 1 << i)) continue;
        memcpy(to, from->base, from->bytes);
        to += from->bytes;
    }
    return true;
}

typedef struct squares {
    double difference, expected;
} squares;

static void add_squares(squares *sum, const float *expected, const float *got, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double d = (double)got[i] - expected[i];
        sum->difference += d * d;
        sum->expected += (double)expected[i] * expected[i];
    }
}

static squares squares_f32(const void *expected, const void *got, size_t n) {
    squares sum = {0, 0};
    add_squares(&sum, expected, got, n);
    return sum;
}

static squares squares_bf16(const mot_bf16 *expected, const mot_bf16 *got, size_t n) {
    enum { PIECE = 1024 };
    squares sum = {0, 0};
    float wide[2][PIECE];
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t piece = n - i < PIECE ? n - i : PIECE;
        mot_f32_from_bf16(wide[0], expected + i, piece);
        mot_f32_from_bf16(wide[1], got + i, piece);
        add_squares(&sum, wide[0], wide[1], piece);
    }
    return sum;
}

/* rms of the difference over rms of what is expected. */
static double distance(const void *expected, const void *got, size_t bytes, mot_dtype dtype) {
    const size_t n = bytes / mot_dtype_bytes(dtype);
    const squares sum = dtype == MOT_BF16 ? squares_bf16(expected, got, n) : squares_f32(expected, got, n);
    return sum.difference == 0 ? 0 : sqrt(sum.difference / sum.expected); /* all may be 0: relu */
}

static double farthest(const witness *w, const side *s) {
    const char *expected = w->copy.base;
    double most = 0;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const rotor *got = &s->tensors->at[i];
        if (!(s->writes & 1 << i)) continue;
        const double d = distance(expected, got->base, got->bytes, s->tensors->dtype);
        if (!(d <= most)) most = d; /* NaN too */
        expected += got->bytes;
    }
    return most;
}

/* What rounding alone makes stays below a tenth of it in f32. A value that bf16 stores is off by 2^-9 rms at most; a
 * layer stores five on the way to its output (p, mixed, the hidden layer, y, out), and two layers may differ in all of
 * them: sqrt(10) 2^-9, under 2^-7. One product of 2048 left out makes 2^-5.5. Factors rounded to TF32 are off by
 * 2^-12.6 rms each. */
static double near(mot_dtype dtype, bool coarse) { return dtype == MOT_BF16 ? 0x1p-7 : coarse ? 0x1p-9 : 1e-4; }

bool arena_witness(arena *a, side *s) {
    if (s->wrong) return true; /* it has left outputs unwritten */
    if (!a->witness.name) return keep_outputs(&a->witness, s);
    if (a->witness.writes != s->writes) return true;
    s->witness = a->witness.name;
    s->distance = farthest(&a->witness, s);
    s->differs = !(s->distance <= near(s->tensors->dtype, a->witness.coarse || rounds_factors(s->contestant)));
    return true;
}
