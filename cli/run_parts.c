/* run_parts.c: what `motbench run` times, part by part. */
#include "bench_run.h"
#include "interrupt.h"
#include "progress.h"
#include "run_steps.h"
#include "selection.h"
#include "verb.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STAGE(name) (1u << MOT_STAGE_##name)
#define FAST_LAYERS "^layer_(bf16_)?(a[vm]x|tuned|openblas|onednn)"
#define WITH_DENSE "^(layer_(bf16_)?(a[vm]x|tuned|openblas|onednn)|dense_ffn_(bf16_)?a[vm]x)"

/* What is timed, in this order. The headline's parts have a step of the budget each; the others share what is left
 * then. The first part is small and shows how long preparing takes on this machine. The sweeps are the presets' at half
 * the widths, so that they fit, and begin with the points that say most. */
static const struct part {
    const char *what, *group;
    const char *shapes; /* separated by blanks */
    uint32_t stages;
    const char *filter; /* or NULL; without vectors there is none */
    run_step step;
    double share;  /* of the time that is left to RUN_REST */
    bool best_isa; /* the variants of the best ISA and the peers only: little to prepare, so that many rounds fit */
    bool lesser_isas;
    bool bf16; /* in bf16, where --dtype says nothing else */
} parts[] = {
    {.what = "layer and dense FFN at half the paper's widths",
     .shapes = "g32t32e32d256h1024",
     .stages = STAGE(LAYER),
     .filter = "^(layer|dense_ffn)_(bf16_)?a[vm]x",
     .step = RUN_SMALL,
     .best_isa = true},
    {.what = "layers of the paper's configuration",
     .shapes = "g64t32e32d512h2048",
     .stages = STAGE(LAYER),
     .filter = WITH_DENSE,
     .step = RUN_HEADLINE,
     .best_isa = true},
    {.what = "the same in bf16",
     .shapes = "g64t32e32d512h2048",
     .stages = STAGE(LAYER),
     .filter = WITH_DENSE,
     .step = RUN_HEADLINE_BF16,
     .best_isa = true,
     .bf16 = true},
    {.what = "its small stages",
     .shapes = "g64t32e32d512h2048",
     .stages = STAGE(ROUTE) | STAGE(MIX) | STAGE(FRONT) | STAGE(REDISTRIBUTE),
     .step = RUN_REST,
     .share = 0.20},
    {.what = "its experts",
     .shapes = "g64t32e32d512h2048",
     .stages = STAGE(EXPERTS),
     .step = RUN_REST,
     .share = 0.25,
     .best_isa = true},
    {.what = "sweep over the granularity",
     .group = "sweep-granularity",
     .shapes = "g32t32e32d256h1024 g32t32e128d256h256 g32t32e512d256h64 g32t32e64d256h512 g32t32e256d256h128",
     .stages = STAGE(LAYER),
     .filter = "^(layer_(bf16_)?(a[vm]x|tuned)|dense_ffn_(bf16_)?a[vm]x)",
     .step = RUN_REST,
     .share = 0.35,
     .best_isa = true},
    {.what = "its layers of lesser ISAs",
     .shapes = "g64t32e32d512h2048",
     .stages = STAGE(LAYER),
     .filter = "^layer_(bf16_)?(scalar|a[vm]x)",
     .step = RUN_REST,
     .share = 0.20,
     .lesser_isas = true},
    {.what = "sweep over the group size",
     .group = "sweep-group",
     .shapes = "g512t2e2d256h1024 g128t8e8d256h1024 g32t32e32d256h1024 g8t128e128d256h1024 g256t4e4d256h1024 "
               "g64t16e16d256h1024 g16t64e64d256h1024",
     .stages = STAGE(LAYER),
     .filter = FAST_LAYERS,
     .step = RUN_REST,
     .share = 0.45},
    {.what = "decode",
     .shapes = "g1,4t32e32d512h2048",
     .stages = STAGE(LAYER),
     .filter = FAST_LAYERS,
     .step = RUN_REST,
     .share = 0.40},
    {.what = "sweep over the number of experts",
     .group = "sweep-experts",
     .shapes = "g32t32e8d256h1024 g32t32e32,128d256h1024 g32t32e16,64d256h1024",
     .stages = STAGE(LAYER),
     .filter = FAST_LAYERS,
     .step = RUN_REST,
     .share = 1},
};
enum { PARTS = sizeof parts / sizeof *parts };

static bool has_vectors(const options *o) { return selection_cap(o) > MOT_ISA_SCALAR; }
bool run_has_bf16(const options *o) { return !options_seen(o, FLAG_DTYPE) && has_vectors(o); }

static bool is_left_out(const options *o, const struct part *part) {
    return (part->bf16 && !run_has_bf16(o)) || (part->lesser_isas && !has_vectors(o));
}

static bool add_shapes(shape_list *list, const char *texts, problem *p) {
    char copy[400], *rest = copy, *text;
    snprintf(copy, sizeof copy, "%s", texts);
    while ((text = strsep(&rest, " ")))
        if (!shape_parse(list, text, p->text, sizeof p->text)) return false;
    return true;
}

static uint32_t best_isas(const options *o) {
    uint32_t isas = 0;
    for (mot_dtype d = MOT_F32; d <= MOT_BF16; d++)
        if (options_dtype(o, d)) isas |= 1u << mot_isa_for(selection_cap(o), d);
    return isas;
}

/* The flags that `motbench bench` would have got for this part. */
static bool part_options(options *o, const options *from, const struct part *part, const char *profile, problem *p) {
    *o = *from;
    memset(o->kept, 0, sizeof o->kept); /* those stay with their owner */
    o->sets = 1;
    o->filter = NULL;
    o->stages = part->stages;
    if (part->bf16) o->dtypes = DTYPE(BF16);
    if (part->best_isa) o->isas = best_isas(o);
    if (part->lesser_isas) o->isas = (best_isas(o) & -best_isas(o)) - 1; /* those below the lowest of them */
    o->profile = profile;
    o->set[0] = (shape_set){.name = part->group ? part->group : ""};
    const char *filter = has_vectors(from) ? part->filter : NULL;
    return add_shapes(&o->set[0].list, part->shapes, p) && (!filter || filter_new(&o->filter, filter, p)) &&
           counters_parse(&o->counters, "auto", p->text, sizeof p->text);
}

/* "its experts (1), decode (2)": for one line at the end. */
static void note_left_out(run_state *r, const char *what, size_t comparisons) {
    const size_t n = strlen(r->left_out);
    if (comparisons) snprintf(r->left_out + n, sizeof r->left_out - n, "%s%s (%zu)", n ? ", " : "", what, comparisons);
}

/* The headline's parts have a step of their own; the others a share of what is left. */
static double samples_until(const run_state *r, const struct part *part) {
    const double now = clock_s(), end = run_step_end(&r->budget, part->step, now);
    return part->step == RUN_REST ? now + fmax(end - now, 0) * part->share : end;
}

/* False: nothing can be timed here at all. */
static bool bench_part(run_state *r, const struct part *part, const mot_profile *profile) {
    options o;
    problem p = {""};
    bench_jobs jobs = {0};
    const double last_s = run_step_last(&r->budget, part->step);
    bool ok = part_options(&o, r->options, part, r->path[RUN_PROFILE], &p);
    int code = ok ? bench_jobs_make(&jobs, &o, profile) : verb_fail(r->options, EXIT_ENVIRONMENT, "%s", p.text);
    table *t = bench_table(&o);
    bench_run run = {.options = &o,
                     .jobs = &jobs,
                     .peaks = &r->peaks,
                     .samples = r->samples,
                     .table = t,
                     .title = part->what,
                     .prep_s = r->prep_s,
                     .last_s = last_s,
                     .least_s = run_step_least(&r->budget, part->step) / 2,
                     .deadline_s = samples_until(r, part)};
    if (!code && clock_s() < last_s) code = bench_run_jobs(&run);
    if (code != EXIT_ENVIRONMENT) note_left_out(r, part->what, jobs.count - run.done + run.unfit);
    r->prep_s = run.prep_s;
    run_note(r, code);
    table_free(t);
    bench_jobs_free(&jobs);
    options_free(&o);
    return code != EXIT_ENVIRONMENT;
}

static void bench_parts(run_state *r, bool rest) {
    mot_profile *profile = NULL;
    if (interrupt_signal) return;
    run_heading(r, rest ? "bench: the rest" : "bench: the headline");
    if (mot_profile_load(&profile, r->path[RUN_PROFILE]) != MOT_OK) profile = NULL; /* nothing was gained by tuning */
    for (int i = 0; i < PARTS && !interrupt_signal; i++)
        if ((parts[i].step == RUN_REST) == rest && !is_left_out(r->options, &parts[i]) &&
            !bench_part(r, &parts[i], profile))
            break;
    mot_profile_destroy(profile);
}

void run_headline_step(run_state *r) { bench_parts(r, false); }
void run_rest_step(run_state *r) { bench_parts(r, true); }

void run_print_parts(const options *o, bool rest) {
    for (int i = 0; i < PARTS; i++)
        if ((parts[i].step == RUN_REST) == rest && !is_left_out(o, &parts[i]))
            printf("  %s (%s)\n", parts[i].what, parts[i].shapes);
}
