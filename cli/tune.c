/* tune.c: `motbench tune`. */
#include "interrupt.h"
#include "outputs.h"
#include "cpu.h"
#include "cuda_device.h"
#include "progress.h"
#include "selection.h"
#include "target.h"
#include "tune_run.h"
#include "verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double default_budget_s = 60;

static bool show(void *data, const char *what, int done, int total, double best_ratio) {
    progress *p = data;
    p->total = total;
    if (best_ratio > 0 && best_ratio < 1)
        progress_best(p, "%.3f of the default's time", best_ratio);
    else
        p->best[0] = '\0';
    progress_show(p, done, 0, what);
    return !interrupt_signal;
}

/* The highest of --isa, else the best usable one. */
static mot_isa isa_of(const options *o) {
    for (mot_isa isa = MOT_ISA_HIGHEST; isa >= MOT_ISA_SCALAR; isa--)
        if (o->isas >> isa & 1) return isa;
    return selection_cap(o);
}

static int tune_once(tune_options t, const options *o, const shape_list *shapes, tune_summary *total) {
    progress p;
    tune_summary s = {0};
    char error[512] = "", title[64];
    snprintf(title, sizeof title, "tune t%d %s %s", t.threads, cache_state_name(t.cache), mot_dtype_name(t.dtype));
    if (t.cuda) snprintf(title, sizeof title, "tune gpu %s %s", cache_state_name(t.cache), mot_dtype_name(t.dtype));
    progress_begin(&p, title, 0);
    t.progress = show;
    t.progress_data = &p;
    bool ok = tune_run(shapes, &t, &s, error, sizeof error);
    progress_end(&p);
    total->keys += s.keys;
    total->evaluations += s.evaluations;
    total->kept += s.kept;
    total->interrupted |= s.interrupted;
    return ok ? EXIT_OK : verb_fail(o, EXIT_ENVIRONMENT, "%s", error);
}

/* Where nothing beat the defaults the profile says so: it has no entries. */
static int ensure_profile(const options *o, bool cuda, const char *path) {
    char error[512] = "";
    const profile_owner owner = target_owner(cuda);
    if (access(path, F_OK) == 0) return EXIT_OK;
    json_t *none = json_array();
    bool ok = none && profile_write_of(&owner, path, none, error, sizeof error);
    json_decref(none);
    return ok ? EXIT_OK : verb_fail(o, EXIT_ENVIRONMENT, "the profile: %s", error);
}

/* One thread count after the other (a GPU has none), all cache states and data types of each. */
static int tune_conditions(tune_options t, const options *o, const shape_list *shapes, tune_summary *total) {
    uint32_t caches = o->caches ? o->caches : 1u << CACHE_COLD_WEIGHTS;
    const int counts = t.cuda ? 1 : o->thread_counts;
    int code = EXIT_OK;
    t.budget_s /= counts * __builtin_popcount(caches) * __builtin_popcount(o->dtypes);
    for (int n = 0; n < counts; n++)
        for (int c = 0; c < CACHE_STATE_COUNT; c++)
            for (mot_dtype d = MOT_F32; d <= MOT_BF16 && !code && !interrupt_signal; d++) {
                t.threads = o->threads[n];
                t.cache = (cache_state)c;
                t.dtype = d;
                if (caches >> c & 1 && options_dtype(o, d)) code = tune_once(t, o, shapes, total);
            }
    return code;
}

int tune_run_all(const options *o, bool cuda, const shape_list *shapes, double budget_s, const char *profile_path,
                 const char *journal_path, samples_writer *samples, tune_summary *total) {
    tune_options t = {.cuda = cuda,
                      .unverified = o->unverified,
                      .budget_s = budget_s,
                      .seed = o->seed,
                      .isa = isa_of(o),
                      .profile_path = profile_path,
                      .journal_path = journal_path,
                      .resume = o->resume,
                      .dry_run = o->dry_run,
                      .samples = samples,
                      .interrupted = &interrupt_signal};
    *total = (tune_summary){0};
    int code = tune_conditions(t, o, shapes, total);
    return code || o->dry_run ? code : ensure_profile(o, cuda, profile_path);
}

/* ---- the verb */

typedef struct paths {
    char profile[2][4096]; /* of the CPU, of the GPU; "": it is not tuned */
    const char *samples;   /* NULL: none */
} paths;

static bool name_profile(char *buf, size_t size, const char *named, bool cuda) {
    if (cuda) return tune_cuda_path(buf, size, named);
    return named ? snprintf(buf, size, "%s", named) < (int)size : tune_default_path(buf, size);
}

/* --out: *.jsonl is the sample file, anything else the profile. */
static int sort_outs(const options *o, bool cpu, bool cuda, paths *p) {
    const char *profile = NULL;
    for (int i = 0; i < o->outs; i++) {
        const char *format = output_format_of(o->out[i]);
        const char **which = format && !strcmp(format, "jsonl") ? &p->samples : &profile;
        if (*which)
            return verb_fail(o, EXIT_USAGE, "--out '%.200s': one profile (.json) and one sample file (.jsonl) at most",
                             o->out[i]);
        *which = o->out[i];
    }
    for (int i = 0; i < 2; i++)
        if ((i ? cuda : cpu) && !name_profile(p->profile[i], sizeof p->profile[i], profile, i))
            return verb_fail(o, EXIT_ENVIRONMENT, "no home folder for the profile: name it with --out FILE.json");
    return EXIT_OK;
}

static int check_profile(const options *o, const char *path) {
    char error[512] = "";
    if (!*path || profile_check(path, error, sizeof error)) return EXIT_OK;
    return verb_fail(o, EXIT_ENVIRONMENT, "the profile: %s", error);
}

static bool merge_shapes(const options *o, shape_list *all, problem *p) {
    for (int i = 0; i < o->sets; i++)
        for (size_t n = 0; n < o->set[i].list.count; n++) {
            char text[SHAPE_TEXT];
            shape_print(text, &o->set[i].list.item[n]);
            if (!shape_parse(all, text, p->text, sizeof p->text)) return false;
        }
    return o->sets || shape_parse(all, "g64t32e32d512h2048", p->text, sizeof p->text);
}

static table *make_table(void) {
    static const column columns[] = {{"profile", "profile", 0},
                                     {"keys", "keys", 0},
                                     {"evaluations", "evaluations", 0},
                                     {"kept", "faster than the default", 0}};
    return table_new(columns, 4);
}

static void add_row(table *t, const tune_summary *s, const char *profile) {
    table_text(t, profile);
    table_number(t, s->keys, "%.0f", s->keys);
    table_number(t, s->evaluations, "%.0f", s->evaluations);
    table_number(t, s->kept, "%.0f", s->kept);
}

static int tune_and_print(options *o, const shape_list *shapes, const paths *where) {
    const bool both = *where->profile[0] && *where->profile[1];
    const double budget = (o->budget_s > 0 ? o->budget_s : default_budget_s) / (both ? 2 : 1);
    outputs out = {.options = o};
    char error[256];
    int code = EXIT_OK;
    if (where->samples && !samples_open(&out.samples, where->samples, o->argc, o->argv, o->seed, error, sizeof error))
        return verb_fail(o, EXIT_ENVIRONMENT, "--out '%.200s': %s", where->samples, error);
    interrupt_catch();
    table *t = make_table();
    for (int i = 0; i < 2 && !code && !(i && interrupt_signal); i++) {
        tune_summary s;
        if (!*where->profile[i]) continue;
        code = tune_run_all(o, i, shapes, budget, where->profile[i], o->journal, out.samples, &s);
        add_row(t, &s, where->profile[i]);
    }
    code =
        outputs_finish(&out, code || o->dry_run ? NULL : table_output, t, !interrupt_signal, interrupt_exit_code(code));
    table_free(t);
    return code;
}

/* Where the GPU's kernels cannot be tuned, a line says why. */
static void say_cuda(const options *o) {
    const char *reason = tune_why_not_cuda(o->unverified);
    if (selection_has_cuda(o) && reason)
        fprintf(stderr, "tune: SKIP: %zu CUDA kernels: %s\n", mot_cuda_count(), reason);
}

static int refuse_isa(const options *o) {
    const mot_isa isa = isa_of(o);
    if (isa <= selection_cap(o)) return EXIT_OK;
    return verb_fail(o, EXIT_SKIPPED, "--isa %s: skipped: %s", mot_isa_name(isa),
                     mot_cpu_why_not(isa) ? mot_cpu_why_not(isa) : "MOT_ISA is lower");
}

static int run_tune(options *o) {
    shape_list shapes = {0};
    paths where = {0};
    problem p;
    int code = refuse_isa(o);
    if (!code) code = selection_check_threads(o);
    if (!code && selection_has_cuda(o)) code = require_gpu(o);
    const bool cpu = selection_has_cpu(o), cuda = selection_has_cuda(o) && !tune_why_not_cuda(o->unverified);
    if (!code) code = sort_outs(o, cpu, cuda, &where);
    for (int i = 0; i < 2 && !code && !o->dry_run; i++) code = check_profile(o, where.profile[i]);
    if (!code && !merge_shapes(o, &shapes, &p)) code = verb_fail(o, EXIT_ENVIRONMENT, "%s", p.text);
    if (!code) say_cuda(o);
    if (!code) code = cpu || cuda ? tune_and_print(o, &shapes, &where) : EXIT_SKIPPED;
    shape_list_free(&shapes);
    return code;
}

const verb verb_tune = {
    .name = "tune",
    .summary = "searches and writes the machine's profile",
    .doc =
        "Searches variants, knobs and thread splits for each shape; every candidate is checked before it is timed. "
        "Writes the "
        "machine's profile, with entries only where the winner beats the default beyond its interval. An interrupt "
        "keeps "
        "the best so far. A GPU's kernels are tuned too, into a profile of its own (p.cuda.json beside p.json), those "
        "that have passed their check on one; --isa cuda tunes nothing else. Default: g64t32e32d512h2048, 60 s.",
    .args = "",
    .flags = FLAGS_SHAPES | FLAG(ISA) | FLAG(DTYPE) | FLAG(THREADS) | FLAG(CPUS) | FLAG(CACHE) | FLAG(SEED) |
             FLAG(BUDGET) | FLAG(JOURNAL) | FLAG(RESUME) | FLAG(DRY_RUN) | FLAG(UNVERIFIED) | FLAGS_OUTPUT,
    .formats = "text json jsonl csv md",
    .outputs = "the profile (default: ~/.cache/mot/<machine>.json); FILE.jsonl: samples",
    .run = run_tune,
};
