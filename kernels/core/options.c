#include "arguments.h"
#include "cpu.h"
#include "registry.h"

#include <math.h>
#include <stdlib.h>

static void read_isa(mot_options *o) {
    const char *text = getenv("MOT_ISA");
    mot_isa cap;
    if (text && mot_isa_parse(text, &cap) && cap < o->isa) o->isa = cap;
}

static void read_threads(mot_options *o) {
    const char *text = getenv("MOT_NUM_THREADS");
    char *end;
    const long n = text ? strtol(text, &end, 10) : 0;
    if (text && *end == 0 && n >= 1 && n <= 1024) o->threads = (int)n;
}

void mot_options_default(mot_options *options) {
    if (!options) return;
    *options = (mot_options){.struct_size = sizeof *options, .dtype = MOT_F32, .temperature = 1, .isa = mot_cpu_isa()};
    read_isa(options);
    read_threads(options);
}

static mot_status check_options(const mot_options *o) {
    if (o->struct_size != sizeof *o || o->threads < 0 || o->threads > 1024) return MOT_ERROR_OPTIONS;
    if (!(o->temperature > 0) || isinf(o->temperature)) return MOT_ERROR_OPTIONS;
    if (o->isa < MOT_ISA_BEST || o->isa > MOT_ISA_HIGHEST) return MOT_ERROR_OPTIONS;
    if (o->dtype != MOT_F32 && o->dtype != MOT_BF16) return MOT_ERROR_DTYPE;
    return mot_isa_for(o->isa, o->dtype) > mot_cpu_isa() ? MOT_ERROR_ISA : MOT_OK;
}

mot_status mot_resolve_options(mot_options *out, const mot_options *options) {
    if (options)
        *out = *options;
    else
        mot_options_default(out);
    const mot_status status = check_options(out);
    if (status) return status;
    if (out->threads == 0) out->threads = mot_cpu_threads();
    if (out->isa == MOT_ISA_BEST) out->isa = mot_cpu_isa();
    out->isa = mot_isa_for(out->isa, out->dtype);
    return MOT_OK;
}

mot_status mot_strides_batch(mot_strides *out, mot_shape *s, size_t batch, size_t sequence) {
    if (!out || !s) return MOT_ERROR_NULL;
    if (!s->group_size || !s->d_model || !sequence) return MOT_ERROR_SHAPE;
    const size_t outer = batch / s->group_size + (batch % s->group_size != 0);
    mot_strides st = {.inner_groups = sequence, .inner_stride = s->d_model, .last_tokens = batch % s->group_size};
    size_t groups, total;
    if (__builtin_mul_overflow(sequence, s->d_model, &st.token_stride) ||
        __builtin_mul_overflow(st.token_stride, s->group_size, &st.outer_stride) ||
        __builtin_mul_overflow(outer, sequence, &groups) || __builtin_mul_overflow(outer, st.outer_stride, &total))
        return MOT_ERROR_OVERFLOW;
    s->groups = groups;
    *out = st;
    return MOT_OK;
}
