#include "model.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const stage_order[] = {"layer", "route", "mix", "front", "experts", "redistribute"};

static size_t stage_rank(const char *stage) {
    size_t i = 0;
    while (i < sizeof stage_order / sizeof *stage_order && strcmp(stage_order[i], stage) != 0) i++;
    return i;
}

bool model_is_sweep(const bench_record *b) {
    return strncmp(b->group, "sweep", 5) == 0 || strcmp(b->group, "groups") == 0;
}
bool model_is_dense(const bench_record *b) { return strncmp(b->variant, "dense_ffn", 9) == 0; }
bool model_is_ours(const bench_record *b) { return strcmp(b->library, b->cuda ? "mot_cuda" : "mot") == 0; }

bool model_is_coarse(const bench_record *b) { return strstr(b->variant, "_tf32") != NULL; }

const block *model_block(const table *t, const char *stage) {
    for (size_t i = 0; t && i < t->count; i++)
        if (strcmp(t->blocks[i].stage, stage) == 0) return &t->blocks[i];
    return NULL;
}

const row *model_fastest(const block *b, const char *library) {
    for (size_t i = 0; b && i < b->count; i++)
        if (b->rows[i].bench->usable && !model_is_coarse(b->rows[i].bench) &&
            strcasecmp(b->rows[i].bench->library, library) == 0)
            return &b->rows[i];
    return NULL;
}

static const row *fastest_scalar(const block *b) {
    for (size_t i = 0; b && i < b->count; i++) {
        const bench_record *r = b->rows[i].bench;
        if (r->usable && model_is_ours(r) && strcmp(r->isa, "scalar") == 0) return &b->rows[i];
    }
    return NULL;
}

static bool alike(const bench_record *a, const bench_record *b) {
    return a->threads == b->threads && strcmp(a->shape, b->shape) == 0 && strcmp(a->cache, b->cache) == 0 &&
           strcmp(a->dtype, b->dtype) == 0;
}

static table *table_of(model *m, store *s, const bench_record *b) {
    for (size_t i = 0; i < m->table_count; i++)
        if (alike(m->tables[i].blocks[0].rows[0].bench, b)) return &m->tables[i];
    table *t = store_push(s, &m->tables, &m->table_count, sizeof *t);
    *t = (table){.shape = b->shape, .cache = b->cache, .dtype = b->dtype, .dims = b->dims, .threads = b->threads};
    t->known_as = "";
    return t;
}

static block *block_of(table *t, store *s, const char *stage) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->blocks[i].stage, stage) == 0) return &t->blocks[i];
    block *b = store_push(s, &t->blocks, &t->count, sizeof *b);
    *b = (block){.stage = stage, .scalar_name = "", .blas_name = "", .scalar_ns = NAN, .blas_ns = NAN, .floor_ns = NAN};
    return b;
}

static void add_row(block *b, store *s, const bench_record *bench) {
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->rows[i].bench->name, bench->name) == 0) return; /* also part of a sweep */
    row *r = store_push(s, &b->rows, &b->count, sizeof *r);
    interval none = {NAN, NAN, NAN};
    *r = (row){
        .bench = bench, .over_scalar = none, .over_blas = none, .verdict = "", .error_fraction = NAN, .z_rms = NAN};
}

static int by_time(const void *a, const void *b) {
    const bench_record *x = ((const row *)a)->bench, *y = ((const row *)b)->bench;
    if (x->usable != y->usable) return x->usable ? -1 : 1;
    bool timed = x->time.value > 0,
         other = y->time.value > 0; /* an inconclusive row has a time, a skipped one has none */
    if (timed != other) return timed ? -1 : 1;
    if (timed && x->time.value != y->time.value) return x->time.value < y->time.value ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_failed(const bench_record *b) { return strncmp(b->reason, "check:", 6) == 0; }

/* A failed check is looked at one by one. */
static bool skipped_alike(const bench_record *a, const bench_record *b) {
    return !(a->time.value > 0) && !(b->time.value > 0) && strcmp(a->status, b->status) == 0 &&
           strcmp(a->reason, b->reason) == 0 && !is_failed(a);
}

/* One row for all that were skipped for one reason: sorted, they stand at the end. */
static void fold_rows(block *b) {
    size_t kept = 0;
    for (size_t i = 0; i < b->count; i++) {
        size_t first = 0;
        while (first < kept && !skipped_alike(b->rows[first].bench, b->rows[i].bench)) first++;
        if (first == kept)
            b->rows[kept++] = b->rows[i];
        else
            b->rows[first].others++;
    }
    b->count = kept;
}

static int by_stage(const void *a, const void *b) {
    const block *x = a, *y = b;
    size_t i = stage_rank(x->stage), j = stage_rank(y->stage);
    return i != j ? (i > j) - (i < j) : strcmp(x->stage, y->stage);
}

/* How bad a verdict is; a choice is worth its worst one. */
static int badness(const char *verdict) {
    static const char *const order[] = {"SKIP", "PASS", "MARGINAL", "MISTRUSTED", "TIMEOUT", "CRASH", "FAIL"};
    int i = 0;
    while (i < 7 && strcasecmp(order[i], verdict) != 0) i++;
    return i;
}

static void judge(const model *m, row *r) {
    for (size_t i = 0; i < m->records->check_count; i++) {
        const check_record *c = &m->records->checks[i];
        if (strcmp(c->choice, r->bench->choice) != 0 && strcmp(c->choice, r->bench->variant) != 0) continue;
        if (!*r->verdict || badness(c->verdict) > badness(r->verdict)) r->verdict = c->verdict;
        if (!(r->error_fraction >= c->fraction) && isfinite(c->fraction)) r->error_fraction = c->fraction;
        if (!(r->z_rms >= c->z_rms) && isfinite(c->z_rms)) r->z_rms = c->z_rms;
    }
    if (!r->bench->unverified) return;
    if (!*r->verdict || strcasecmp(r->verdict, "SKIP") == 0) r->verdict = "unverified";
    if (strcasecmp(r->verdict, "PASS") == 0) r->verdict = "PASS, unverified";
}

/* A base may be one row, or for a fused stage the sum of the two rows it replaces. */
static void set_base(const row *one, const row *two, store *s, const char **name, double *ns) {
    if (!one) return;
    *ns = one->bench->time.value + (two ? two->bench->time.value : 0);
    *name = two ? store_print(s, "%s + %s", one->bench->choice, two->bench->choice) : one->bench->choice;
}

static void compare(block *b, const row *scalar, const row *blas) {
    for (size_t i = 0; i < b->count; i++) {
        row *r = &b->rows[i];
        if (!r->bench->usable) continue;
        r->over_scalar =
            scalar ? summary_ratio(scalar->bench, r->bench) : (interval){b->scalar_ns / r->bench->time.value, NAN, NAN};
        r->over_blas =
            blas ? summary_ratio(blas->bench, r->bench) : (interval){b->blas_ns / r->bench->time.value, NAN, NAN};
        if (!b->best && model_is_ours(r->bench) && !model_is_coarse(r->bench)) {
            r->best = true;
            b->best = r;
        }
    }
}

/* What the machine can do, also where the fastest row is of a lesser ISA. */
static void set_floor(block *b) {
    for (size_t i = 0; i < b->count; i++) {
        const double ns = b->rows[i].bench->floor_ns;
        if (ns > 0 && !(b->floor_ns <= ns)) b->floor_ns = ns;
    }
}

static void finish_block(const table *t, block *b, store *s) {
    const row *scalar = fastest_scalar(b), *blas = model_fastest(b, "openblas");
    set_base(scalar, NULL, s, &b->scalar_name, &b->scalar_ns);
    set_base(blas, NULL, s, &b->blas_name, &b->blas_ns);
    if (strcmp(b->stage, "front") == 0) {
        const block *route = model_block(t, "route"), *mix = model_block(t, "mix");
        const row *r = fastest_scalar(route), *x = fastest_scalar(mix);
        if (!scalar && r && x) set_base(r, x, s, &b->scalar_name, &b->scalar_ns);
        r = model_fastest(route, "openblas");
        x = model_fastest(mix, "openblas");
        if (!blas && r && x) set_base(r, x, s, &b->blas_name, &b->blas_ns);
    }
    compare(b, scalar, blas);
    set_floor(b);
}

/* Names of the paper's configurations, whatever the number of groups. */
static const char *known_as(dims d) {
    static const struct {
        dims dims;
        const char *name;
    } known[] = {
        {{0, 32, 512, 256, 64}, "v1 mini"},        {{0, 8, 8, 512, 2048}, "Medium/8E"},
        {{0, 32, 32, 512, 2048}, "Medium/32E/1"},  {{0, 32, 256, 512, 256}, "Medium/32E/8"},
        {{0, 32, 512, 512, 128}, "Medium/32E/16"}, {{0, 32, 1024, 512, 64}, "Medium/32E/32"},
        {{0, 128, 128, 512, 2048}, "Medium/128E"}, {{0, 32, 32, 768, 3072}, "Base/32E/1"},
        {{0, 32, 512, 768, 192}, "Base/32E/16"},   {{0, 64, 1024, 768, 192}, "Base/64E/16"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        dims k = known[i].dims;
        if (k.t == d.t && k.e == d.e && k.d == d.d && k.h == d.h) return known[i].name;
    }
    return "";
}

/* Whether anything was timed, or is wrong, under its conditions: what was only skipped is in the list of that. */
static bool is_worth_a_table(const records *r, const bench_record *b) {
    for (size_t i = 0; i < r->bench_count; i++) {
        const bench_record *other = &r->benches[i];
        if (alike(other, b) && (other->time.value > 0 || is_failed(other))) return true;
    }
    return false;
}

static void collect(model *m, store *s, bool sweeps_too, bool skipped_too) {
    for (size_t i = 0; i < m->records->bench_count; i++) {
        const bench_record *b = &m->records->benches[i];
        if (model_is_dense(b) || (model_is_sweep(b) && !sweeps_too)) continue;
        if (skipped_too || is_worth_a_table(m->records, b)) add_row(block_of(table_of(m, s, b), s, b->stage), s, b);
    }
}

void model_tables(model *m, store *s) {
    collect(m, s, false, false);
    if (!m->table_count) collect(m, s, true, false);
    if (!m->table_count) collect(m, s, true, true);
    for (size_t i = 0; i < m->table_count; i++) {
        table *t = &m->tables[i];
        t->known_as = known_as(t->dims);
        qsort(t->blocks, t->count, sizeof *t->blocks, by_stage);
        for (size_t k = 0; k < t->count; k++) {
            qsort(t->blocks[k].rows, t->blocks[k].count, sizeof(row), by_time);
            fold_rows(&t->blocks[k]);
            for (size_t n = 0; n < t->blocks[k].count; n++) judge(m, &t->blocks[k].rows[n]);
        }
        for (size_t k = 0; k < t->count; k++) finish_block(t, &t->blocks[k], s);
        model_peers(t, s);
    }
}
