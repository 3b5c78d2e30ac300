#include "lines.h"
#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_BACK = 4096 }; /* rows within which repeats are recognised */

static int small_count(const json_t *line, const char *key) {
    double n = field_number(line, key);
    return n >= 1 && n <= 1e6 ? (int)n : 1;
}

static interval read_interval(const json_t *line, const char *value, const char *low, const char *high) {
    interval i = {field_positive(line, value), field_positive(line, low), field_positive(line, high)};
    return i;
}

/* From the shape's text, as integers: a %lf would take "32e8" for one number. */
static dims parse_dims(const char *shape) {
    long long g, t, e, d, h;
    if (sscanf(shape, "g%18lldt%18llde%18lldd%18lldh%18lld", &g, &t, &e, &d, &h) != 5)
        return (dims){NAN, NAN, NAN, NAN, NAN};
    return (dims){(double)g, (double)t, (double)e, (double)d, (double)h};
}

static dims read_dims(const json_t *line, const char *shape) {
    const json_t *o = json_object_get(line, "dims");
    if (!json_is_object(o)) return parse_dims(shape);
    return (dims){field_number(o, "g"), field_number(o, "t"), field_number(o, "e"), field_number(o, "d"),
                  field_number(o, "h")};
}

static void read_samples(bench_record *b, store *s, const json_t *line) {
    const json_t *ns = json_object_get(line, "samples_ns"), *taint = json_object_get(line, "tainted");
    size_t n = json_array_size(ns), old = b->samples;
    double *all = store_take(s, (old + n) * sizeof *all);
    bool *marks = store_take(s, (old + n) * sizeof *marks);
    if (old) memcpy(all, b->ns, old * sizeof *all), memcpy(marks, b->taint, old * sizeof *marks);
    for (size_t i = 0; i < n; i++) {
        all[old + i] = json_number_value(json_array_get(ns, i));
        marks[old + i] = !(all[old + i] > 0); /* a bad clock: shown, never used */
    }
    for (size_t i = 0; i < json_array_size(taint); i++) {
        json_int_t k = json_integer_value(json_array_get(taint, i));
        if (json_is_integer(json_array_get(taint, i)) && k >= 0 && (size_t)k < n) marks[old + (size_t)k] = true;
    }
    b->ns = all;
    b->taint = marks;
    b->samples = old + n;
}

static void read_counters(bench_record *b, store *s, const json_t *line) {
    json_t *values = json_object_get(line, "counters"), *value;
    const json_t *reasons = json_object_get(line, "counters_reason");
    const char *name;
    json_object_foreach(values, name, value) {
        counter *c = store_push(s, &b->counters, &b->counter_count, sizeof *c);
        c->name = field_clean(s, name);
        c->value = json_is_number(value) ? json_number_value(value) : NAN;
        c->reason = field_text(s, reasons, name);
    }
}

static void read_steps(bench_record *b, store *s, const json_t *config) {
    for (size_t i = 0; i < json_array_size(config) && i < 16; i++) {
        const char **step = store_push(s, &b->steps, &b->step_count, sizeof *step);
        *step = field_value_text(s, json_array_get(config, i));
    }
}

static double read_comparison(const json_t *line) {
    const double number = field_positive(line, "comparison");
    return number > 0 ? number : 0;
}

static void read_new_bench(bench_record *b, store *s, const json_t *line) {
    b->status = field_text(s, line, "status");
    b->reason = field_text(s, line, "reason");
    b->shape = field_text(s, line, "shape");
    b->stage = field_text(s, line, "stage");
    b->variant = field_text(s, line, "variant");
    b->choice = field_text(s, line, "config");
    if (!*b->choice) b->choice = b->variant;
    b->isa = field_text(s, line, "isa");
    b->library = field_text(s, line, "library");
    b->dtype = field_dtype(s, line);
    b->cache = field_text(s, line, "cache");
    b->stop = field_text(s, line, "stop");
    b->dims = read_dims(line, b->shape);
    b->cuda = strcmp(b->isa, "cuda") == 0;
    b->unverified = b->cuda && !field_true(line, "verified");
    b->threads = b->cuda ? 0 : small_count(line, "threads");
    b->time = read_interval(line, "median_ns", "low_ns", "high_ns");
    b->iterations = field_positive(line, "iterations");
    b->mad_ns = field_number(line, "mad_ns");
    b->min_ns = field_positive(line, "min_ns");
    b->flops = field_positive(line, "flops");
    b->bytes = field_positive(line, "bytes");
    b->gflops = field_positive(line, "gflops");
    b->gbps = field_positive(line, "gbps");
    b->floor_ns = field_positive(line, "floor_ns");
    b->pct_of_ceiling = field_positive(line, "pct_of_ceiling");
    read_steps(b, s, json_object_get(line, "config"));
    read_counters(b, s, line);
}

/* The same benchmark measured by several processes is one row with all their samples. What one process has measured in
 * several comparisons (the dense FFN beside each layer of a sweep) stays apart: each has rounds of its own. */
static bench_record *find_earlier(records *out, const char *name, const char *group, double comparison) {
    bench_record *other = NULL;
    for (size_t i = out->bench_count; i-- > 0 && i + LOOK_BACK > out->bench_count;) {
        bench_record *b = &out->benches[i];
        if (strcmp(b->name, name) != 0 || strcmp(b->group, group) != 0) continue;
        if (b->comparison == comparison) return b;
        if (!other && b->last != out->run_count - 1) other = b;
    }
    return other;
}

static void read_bench(records *out, store *s, const json_t *line) {
    const char *name = field_text(s, line, "name"), *group = field_text(s, line, "group");
    const double comparison = read_comparison(line);
    bench_record *b = find_earlier(out, name, group, comparison);
    bool ok = strcmp(field_text(s, line, "status"), "ok") == 0;
    if (b && b->usable && !ok) return; /* a later failure to repeat takes nothing away */
    bool repeat = b && b->usable && ok;
    if (!repeat) {
        if (!b) b = store_push(s, &out->benches, &out->bench_count, sizeof *b);
        *b = (bench_record){.name = name, .group = group, .run = out->run_count - 1, .comparison = comparison};
        read_new_bench(b, s, line);
    }
    if (b->comparison != comparison) b->comparison = 0;
    b->last = out->run_count - 1;
    b->pooled++;
    read_samples(b, s, line);
    summary_complete(b);
}

static void read_check(records *out, store *s, const json_t *line) {
    check_record *c = store_push(s, &out->checks, &out->check_count, sizeof *c);
    c->choice = field_text(s, line, "choice");
    c->stage = field_text(s, line, "stage");
    c->shape = field_text(s, line, "shape");
    c->verdict = field_text(s, line, "verdict");
    c->reason = field_text(s, line, "reason");
    c->seed = field_text(s, line, "seed");
    c->fraction = field_number(line, "fraction");
    c->z_rms = field_number(line, "z_rms");
    c->z_max = field_number(line, "z_max");
    c->compared = field_number(line, "compared");
}

static void read_ceiling(records *out, store *s, const json_t *line) {
    ceiling_record *c = store_push(s, &out->ceilings, &out->ceiling_count, sizeof *c);
    c->name = field_text(s, line, "name");
    c->unit = field_text(s, line, "unit");
    c->threads = small_count(line, "threads");
    c->rate = read_interval(line, "median", "low", "high");
    c->bytes = field_positive(line, "bytes");
}

static void read_tune(records *out, store *s, const json_t *line) {
    tune_record *t = store_push(s, &out->tunes, &out->tune_count, sizeof *t);
    t->stage = field_text(s, line, "stage");
    t->shape = field_text(s, line, "shape");
    t->dtype = field_dtype(s, line);
    t->usual = field_text(s, line, "default");
    t->winner = field_text(s, line, "winner");
    t->threads = small_count(line, "threads");
    t->usual_ns = field_positive(line, "default_ns");
    t->winner_ns = field_positive(line, "winner_ns");
    t->evaluations = field_number(line, "evaluations");
    t->speedup = read_interval(line, "speedup", "speedup_low", "speedup_high");
    t->kept = field_true(line, "kept");
}

void line_other(records *out, store *s, const json_t *line) {
    const char *type = json_string_value(json_object_get(line, "type"));
    if (!type) return;
    if (strcmp(type, "bench") == 0) read_bench(out, s, line);
    if (strcmp(type, "check") == 0) read_check(out, s, line);
    if (strcmp(type, "ceiling") == 0) read_ceiling(out, s, line);
    if (strcmp(type, "tune") == 0) read_tune(out, s, line);
    if (strcmp(type, "end") == 0) out->runs[out->run_count - 1].complete = field_true(line, "complete");
}
