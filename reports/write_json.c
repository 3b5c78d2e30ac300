#include "emit.h"
#include "writers.h"

static void machine_data(emitter *d, const machine *m) {
    emit_open(d, "machine", '{');
    emit_text(d, "name", m->name);
    emit_text(d, "cpu", m->cpu);
    emit_text(d, "isa", m->isa);
    emit_text(d, "isa_present", m->isa_present);
    emit_text(d, "fingerprint", m->fingerprint);
    emit_text(d, "os", m->os);
    emit_text(d, "kernel", m->kernel);
    emit_text(d, "virtualisation", m->virtualisation);
    emit_number(d, "cores", m->cores);
    emit_number(d, "smt", m->smt);
    emit_number(d, "numa_nodes", m->numa_nodes);
    emit_number(d, "l1d", m->l1d);
    emit_number(d, "l2", m->l2);
    emit_number(d, "l3", m->l3);
    emit_number(d, "memory", m->memory);
    emit_close(d, '}');
}

static void run_data(emitter *d, const run_record *r) {
    emit_open(d, NULL, '{');
    emit_text(d, "file", r->path);
    emit_text(d, "command", r->command);
    emit_text(d, "time", r->time);
    emit_text(d, "version", r->version);
    emit_text(d, "revision", r->revision);
    emit_text(d, "compiler", r->compiler);
    emit_text(d, "flags", r->flags);
    emit_text(d, "seed", r->seed);
    emit_bool(d, "dirty", r->dirty);
    emit_bool(d, "complete", r->complete);
    emit_close(d, '}');
}

static void bench_data(emitter *d, const bench_record *b) {
    emit_open(d, NULL, '{');
    emit_text(d, "name", b->name);
    emit_text(d, "status", b->status);
    if (*b->reason) emit_text(d, "reason", b->reason);
    emit_text(d, "shape", b->shape);
    emit_text(d, "stage", b->stage);
    emit_text(d, "variant", b->variant);
    emit_text(d, "choice", b->choice);
    emit_text(d, "isa", b->isa);
    emit_text(d, "library", b->library);
    emit_text(d, "dtype", b->dtype);
    emit_number(d, "threads", b->threads);
    emit_text(d, "cache", b->cache);
    if (*b->group) emit_text(d, "group", b->group);
    if (b->comparison > 0) emit_number(d, "comparison", b->comparison);
    emit_interval(d, "time_ns", b->time);
    emit_number(d, "mad_ns", b->mad_ns);
    emit_number(d, "min_ns", b->min_ns);
    emit_number(d, "floor_ns", b->floor_ns);
    emit_number(d, "flops", b->flops);
    emit_number(d, "bytes", b->bytes);
    emit_number(d, "gflops", b->gflops);
    emit_number(d, "pct_of_ceiling", b->pct_of_ceiling);
    emit_number(d, "iterations", b->iterations);
    emit_open(d, "samples_ns", '[');
    for (size_t i = 0; i < b->samples; i++) emit_number(d, NULL, b->ns[i]);
    emit_close(d, ']');
    emit_open(d, "tainted", '[');
    for (size_t i = 0; i < b->samples; i++)
        if (b->taint[i]) emit_number(d, NULL, (double)i);
    emit_close(d, ']');
    emit_close(d, '}');
}

static void row_data(emitter *d, const row *r) {
    emit_open(d, NULL, '{');
    emit_text(d, "name", r->bench->name);
    emit_interval(d, "over_scalar", r->over_scalar);
    emit_interval(d, "over_openblas", r->over_blas);
    emit_number(d, "error_fraction", r->error_fraction);
    emit_number(d, "z_rms", r->z_rms);
    emit_text(d, "verdict", r->verdict);
    emit_bool(d, "best", r->best);
    emit_number(d, "others", (double)r->others);
    emit_close(d, '}');
}

static void block_data(emitter *d, const block *b) {
    emit_open(d, NULL, '{');
    emit_text(d, "stage", b->stage);
    emit_text(d, "scalar_base", b->scalar_name);
    emit_number(d, "scalar_ns", b->scalar_ns);
    emit_text(d, "openblas_base", b->blas_name);
    emit_number(d, "openblas_ns", b->blas_ns);
    emit_number(d, "floor_ns", b->floor_ns);
    emit_open(d, "rows", '[');
    for (size_t i = 0; i < b->count; i++) row_data(d, &b->rows[i]);
    emit_close(d, ']');
    emit_close(d, '}');
}

static void breakdown_data(emitter *d, const breakdown *b) {
    emit_open(d, NULL, '{');
    emit_text(d, "layer", b->whole->name);
    emit_number(d, "layer_ns", b->whole->time.value);
    emit_number(d, "sum_ns", b->sum_ns);
    emit_open(d, "parts", '[');
    for (size_t i = 0; i < b->parts; i++) emit_text(d, NULL, b->part[i]->name);
    emit_close(d, ']');
    emit_close(d, '}');
}

static void pair_fields(emitter *d, const dense_pair *p) {
    emit_text(d, "layer", p->layer->name);
    emit_text(d, "dense", p->dense->name);
    emit_interval(d, "ratio", p->ratio);
    emit_bool(d, "interleaved", p->interleaved);
    emit_number(d, "flops_ratio", p->flops_ratio);
}

static void dense_data(emitter *d, const dense_pair *p) {
    emit_open(d, NULL, '{');
    pair_fields(d, p);
    emit_close(d, '}');
}

static void table_data(emitter *d, const table *t) {
    emit_open(d, NULL, '{');
    emit_text(d, "shape", t->shape);
    emit_text(d, "cache", t->cache);
    emit_text(d, "dtype", t->dtype);
    emit_number(d, "threads", t->threads);
    emit_open(d, "stages", '[');
    for (size_t i = 0; i < t->count; i++) block_data(d, &t->blocks[i]);
    emit_close(d, ']');
    emit_open(d, "breakdowns", '[');
    for (size_t i = 0; i < t->breakdown_count; i++) breakdown_data(d, &t->breakdowns[i]);
    emit_close(d, ']');
    emit_open(d, "over_dense_ffn", '[');
    for (size_t i = 0; i < t->dense_count; i++) dense_data(d, &t->dense[i]);
    emit_close(d, ']');
    emit_close(d, '}');
}

static void grain_data(emitter *d, const grain *g) {
    emit_open(d, NULL, '{');
    emit_text(d, "configuration", g->name);
    emit_number(d, "mixtures_per_slot", g->y);
    emit_text(d, "shape", g->shape);
    if (!g->pair.layer) {
        emit_text(d, "absent", g->absent);
    } else {
        pair_fields(d, &g->pair);
        emit_number(d, "floor_ratio", g->pair.floor_ratio);
    }
    emit_close(d, '}');
}

static void curve_data(emitter *d, const grain_curve *c) {
    emit_open(d, NULL, '{');
    emit_number(d, "groups", c->first->dims.g);
    emit_number(d, "group_size", c->first->dims.t);
    emit_number(d, "d_model", c->first->dims.d);
    emit_number(d, "hidden", c->hidden);
    emit_text(d, "cache", c->first->cache);
    emit_text(d, "dtype", c->first->dtype);
    emit_number(d, "threads", c->first->threads);
    emit_open(d, "points", '[');
    for (size_t i = 0; i < c->count; i++) grain_data(d, &c->points[i]);
    emit_close(d, ']');
    emit_close(d, '}');
}

static void cliff_data(emitter *d, const point *p) {
    emit_open(d, NULL, '{');
    emit_text(d, "benchmark", p->bench->name);
    emit_number(d, "x", p->x);
    emit_number(d, "factor", p->cliff_factor);
    emit_text(d, "text", p->cliff);
    emit_close(d, '}');
}

static void sweep_data(emitter *d, const sweep *w) {
    emit_open(d, NULL, '{');
    emit_text(d, "name", w->name);
    emit_text(d, "axis", w->letter);
    emit_text(d, "stage", w->stage);
    emit_text(d, "cache", w->cache);
    emit_text(d, "dtype", w->dtype);
    emit_number(d, "threads", w->threads);
    emit_number(d, "points_judged", (double)w->judged);
    emit_open(d, "cliffs", '[');
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->series[i].count; k++)
            if (w->series[i].points[k].cliff) cliff_data(d, &w->series[i].points[k]);
    emit_close(d, ']');
    emit_close(d, '}');
}

static void tune_data(emitter *d, const tune_record *t) {
    emit_open(d, NULL, '{');
    emit_text(d, "stage", t->stage);
    emit_text(d, "shape", t->shape);
    emit_text(d, "dtype", t->dtype);
    emit_number(d, "threads", t->threads);
    emit_text(d, "default", t->usual);
    emit_text(d, "winner", t->winner);
    emit_number(d, "default_ns", t->usual_ns);
    emit_number(d, "winner_ns", t->winner_ns);
    emit_interval(d, "speedup", t->speedup);
    emit_bool(d, "kept", t->kept);
    emit_close(d, '}');
}

static void accuracy_data(emitter *d, const accuracy_row *a) {
    emit_open(d, NULL, '{');
    emit_text(d, "choice", a->choice);
    emit_text(d, "stage", a->stage);
    emit_text(d, "verdict", a->verdict);
    emit_number(d, "fraction", a->fraction);
    emit_number(d, "z_rms", a->z_rms);
    emit_number(d, "z_max", a->z_max);
    emit_number(d, "compared", a->compared);
    emit_number(d, "shapes", (double)a->shapes);
    emit_close(d, '}');
}

static void ceiling_data(emitter *d, const ceiling_record *c) {
    emit_open(d, NULL, '{');
    emit_text(d, "name", c->name);
    emit_text(d, "unit", c->unit);
    emit_number(d, "threads", c->threads);
    emit_interval(d, "rate", c->rate);
    emit_close(d, '}');
}

static void skipped_data(emitter *d, const skipped_row *k) {
    emit_open(d, NULL, '{');
    emit_text(d, "name", k->name);
    emit_number(d, "others", (double)k->others);
    emit_text(d, "kind", k->kind);
    emit_text(d, "reason", k->reason);
    emit_close(d, '}');
}

#define EACH(key, items, count, one)                                                                                   \
    do {                                                                                                               \
        emit_open(&d, key, '[');                                                                                       \
        for (size_t i = 0; i < (count); i++) one(&d, &(items)[i]);                                                     \
        emit_close(&d, ']');                                                                                           \
    } while (0)

static void text_data(emitter *d, const char *const *text) { emit_text(d, NULL, *text); }

void write_json(const model *m, FILE *out) {
    emitter d = {.out = out};
    const records *r = m->records;
    emit_open(&d, NULL, '{');
    emit_text(&d, "type", "motbench report");
    emit_number(&d, "schema", 1);
    emit_text(&d, "verdict", m->verdict);
    emit_text(&d, "verdict_text", m->verdict_text);
    EACH("findings", m->findings, m->finding_count, text_data);
    EACH("warnings", m->warnings, m->warning_count, text_data);
    machine_data(&d, &r->machine);
    EACH("runs", r->runs, r->run_count, run_data);
    EACH("ceilings", r->ceilings, r->ceiling_count, ceiling_data);
    EACH("tables", m->tables, m->table_count, table_data);
    EACH("over_dense_by_granularity", m->grains, m->grain_count, curve_data);
    EACH("sweeps", m->sweeps, m->sweep_count, sweep_data);
    EACH("tuning", r->tunes, r->tune_count, tune_data);
    EACH("accuracy", m->accuracy, m->accuracy_count, accuracy_data);
    EACH("skipped", m->skipped, m->skipped_count, skipped_data);
    EACH("benchmarks", r->benches, r->bench_count, bench_data);
    emit_close(&d, '}');
    fputc('\n', out);
}
