/* measure_agree.c: checks are of small shapes; at the timed one contestants are each other's witnesses. */
#include "measure_run.h"

#include <math.h>
#include <string.h>

static bool keep_outputs(witness *w, const side *s) {
    w->name = s->contestant->name;
    w->writes = s->writes;
    if (!rotor_map(&w->copy, tensors_bytes(&s->tensors->shape, s->writes), 1)) return false;
    char *to = w->copy.base;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const rotor *from = &s->tensors->at[i];
        if (!(s->writes & 1 << i)) continue;
        memcpy(to, from->base, from->bytes);
        to += from->bytes;
    }
    return true;
}

/* rms of the difference over rms of what is expected. */
static double distance(const float *expected, const float *got, size_t n) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)got[i] - expected[i];
        difference += d * d;
        size += (double)expected[i] * expected[i];
    }
    return difference == 0 ? 0 : sqrt(difference / size); /* all may be 0: relu */
}

static double farthest(const witness *w, const side *s) {
    const char *expected = w->copy.base;
    double most = 0;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const rotor *got = &s->tensors->at[i];
        if (!(s->writes & 1 << i)) continue;
        const double d = distance((const float *)expected, (const float *)got->base, got->bytes / sizeof(float));
        if (!(d <= most)) most = d; /* NaN too */
        expected += got->bytes;
    }
    return most;
}

bool comparison_witness(comparison *c, side *s) {
    static const double near = 1e-4; /* rounding: below 1e-5 */
    if (s->wrong) return true;       /* it has left outputs unwritten */
    if (!c->witness.name) return keep_outputs(&c->witness, s);
    if (c->witness.writes != s->writes) return true;
    s->distance = farthest(&c->witness, s);
    s->differs = !(s->distance <= near);
    return true;
}
