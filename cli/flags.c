/* flags.c: see flags.h. */
#include "flags.h"
#include "verb.h"

#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what */

static bool add_shapes(options *o, const char *text, const char *name, problem *p,
                       bool (*read)(shape_list *, const char *, char *, size_t)) {
    if (o->sets == MAX_SETS)
        return problem_set(p, "'%.80s': at most %d of --shape, --shapes and --model", text, MAX_SETS);
    shape_set *set = &o->set[o->sets++];
    *set = (shape_set){.name = name};
    return read(&set->list, text, p->text, sizeof p->text);
}
static bool set_shape(options *o, const char *text, problem *p) { return add_shapes(o, text, "", p, shape_parse); }
static bool set_shapes(options *o, const char *text, problem *p) { return add_shapes(o, text, text, p, shape_preset); }
static bool set_model(options *o, const char *text, problem *p) { return add_shapes(o, text, "", p, shape_model); }

static bool add_stage(void *data, const char *text, problem *p) {
    char names[128] = "";
    for (int s = 0, n = 0; s < MOT_STAGE_COUNT; s++) {
        if (!strcmp(text, mot_stage_name((mot_stage)s))) {
            ((options *)data)->stages |= 1u << s;
            return true;
        }
        n += snprintf(names + n, sizeof names - (size_t)n, " %s", mot_stage_name((mot_stage)s));
    }
    return problem_set(p, "'%.80s' is no stage:%s", text, names);
}
static bool set_stage(options *o, const char *text, problem *p) { return parse_list(text, add_stage, o, p); }

static bool add_isa(void *data, const char *text, problem *p) {
    mot_isa isa = MOT_ISA_SCALAR;
    const bool cuda = !strcmp(text, "cuda");
    if (!cuda && (!mot_isa_parse(text, &isa) || isa == MOT_ISA_BEST))
        return problem_set(p, "'%.80s' is no instruction set: scalar, avx2, avx512, avx512bf16, amx or cuda", text);
    ((options *)data)->isas |= cuda ? ISA_CUDA : 1u << isa;
    return true;
}
static bool set_isa(options *o, const char *text, problem *p) { return parse_list(text, add_isa, o, p); }

static bool add_dtype(void *data, const char *text, problem *p) {
    mot_dtype dtype;
    if (!mot_dtype_parse(text, &dtype)) return problem_set(p, "'%.80s' is no data type: f32 or bf16", text);
    ((options *)data)->dtypes |= 1u << dtype;
    return true;
}
static bool set_dtype(options *o, const char *text, problem *p) { return parse_list(text, add_dtype, o, p); }
static bool set_filter(options *o, const char *text, problem *p) {
    filter_free(o->filter);
    o->filter = NULL;
    return filter_new(&o->filter, text, p);
}
static bool set_choice(options *o, const char *text, problem *p) {
    if (o->choice_count == MAX_CHOICES) return problem_set(p, "at most %d choices", MAX_CHOICES);
    o->choices[o->choice_count++] = text;
    return true;
}

/* ---- how */

static bool add_threads(void *data, const char *text, problem *p) {
    options *o = data;
    uint64_t n;
    if (!parse_whole(&n, text, 1, 1024, p)) return false;
    if (o->thread_counts == MAX_THREAD_COUNTS) return problem_set(p, "at most %d thread counts", MAX_THREAD_COUNTS);
    o->threads[o->thread_counts++] = (int)n;
    return true;
}
static bool set_threads(options *o, const char *text, problem *p) { return parse_list(text, add_threads, o, p); }

static bool add_cpus(void *data, const char *text, problem *p) {
    cpu_set_t *set = data;
    unsigned first, last;
    int n = 0;
    bool range = sscanf(text, "%u-%u%n", &first, &last, &n) == 2;
    if (!range && sscanf(text, "%u%n", &first, &n) == 1) last = first;
    if (n == 0 || text[n] || !isdigit((unsigned char)*text) || last < first || last >= CPU_SETSIZE)
        return problem_set(p, "'%.80s': give CPU numbers and ranges, like 0,2-3", text);
    for (unsigned cpu = first; cpu <= last; cpu++) CPU_SET(cpu, set);
    return true;
}
/* Binds the process, so that all that looks for CPUs sees these only. */
static bool set_cpus(options *o, const char *text, problem *p) {
    cpu_set_t wanted, allowed, both;
    (void)o;
    CPU_ZERO(&wanted);
    if (!parse_list(text, add_cpus, &wanted, p)) return false;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return problem_set(p, "'%.80s': cannot read the CPU mask", text);
    CPU_AND(&both, &wanted, &allowed);
    return (CPU_EQUAL(&both, &wanted) && sched_setaffinity(0, sizeof wanted, &wanted) == 0) ||
           problem_set(p, "'%.80s' holds a CPU that this process may not use; `nproc` and taskset -p say which it may",
                       text);
}

static bool add_cache(void *data, const char *text, problem *p) {
    for (int c = 0; c < CACHE_STATE_COUNT; c++)
        if (!strcmp(text, cache_state_name((cache_state)c))) {
            ((options *)data)->caches |= 1u << c;
            return true;
        }
    return problem_set(p, "'%.80s' is no cache state: hot, cold-weights or cold-all", text);
}
static bool set_cache(options *o, const char *text, problem *p) { return parse_list(text, add_cache, o, p); }

static bool set_counters(options *o, const char *text, problem *p) {
    return counters_parse(&o->counters, text, p->text, sizeof p->text);
}
static bool set_seed(options *o, const char *text, problem *p) { return parse_whole(&o->seed, text, 0, UINT64_MAX, p); }
static bool set_repeat(options *o, const char *text, problem *p) {
    uint64_t n;
    bool ok = parse_whole(&n, text, 1, MEASURE_MAX_ROUNDS, p);
    if (ok) o->repeat = (int)n;
    return ok;
}
static bool set_min_time(options *o, const char *text, problem *p) { return parse_seconds(&o->min_time_s, text, p); }
static bool set_max_noise(options *o, const char *text, problem *p) { return parse_share(&o->max_noise, text, p); }
static bool set_timeout(options *o, const char *text, problem *p) { return parse_seconds(&o->timeout_s, text, p); }
static bool set_budget(options *o, const char *text, problem *p) { return parse_seconds(&o->budget_s, text, p); }

#define SWITCH(field)                                                                                                  \
    static bool set_##field(options *o, const char *text, problem *p) { return parse_switch(&o->field, text, p); }
SWITCH(require_counters)
SWITCH(quick)
SWITCH(strict)
SWITCH(no_ceilings)
SWITCH(peers)
SWITCH(resume)
SWITCH(dry_run)
SWITCH(unverified)
#undef SWITCH

static bool set_path(const char **field, const char *text, problem *p) {
    *field = text;
    return *text || problem_set(p, "'': give the path of a file");
}
static bool set_profile(options *o, const char *text, problem *p) { return set_path(&o->profile, text, p); }
static bool set_journal(options *o, const char *text, problem *p) { return set_path(&o->journal, text, p); }
static bool set_out_dir(options *o, const char *text, problem *p) { return set_path(&o->out_dir, text, p); }

/* ---- where to */

static bool set_format(options *o, const char *text, problem *p) {
    const char *known = o->verb->formats;
    size_t n = strlen(text);
    for (const char *at = known; n && !strchr(text, ' ') && (at = strstr(at, text)); at += n)
        if ((at == known || at[-1] == ' ') && (at[n] == ' ' || !at[n])) {
            o->format = text;
            return true;
        }
    return problem_set(p, "'%.80s': %s writes %s", text, o->verb->name, known);
}
static bool set_json(options *o, const char *text, problem *p) {
    bool on;
    return parse_switch(&on, text, p) && (!on || set_format(o, "json", p));
}
static bool set_out(options *o, const char *text, problem *p) {
    if (o->outs == MAX_OUTS) return problem_set(p, "'%.80s': at most %d files", text, MAX_OUTS);
    return set_path(&o->out[o->outs++], text, p);
}

const flag_row flag_table[FLAG_COUNT] = {
    [FLAG_SHAPE] = {"shape", "SHAPE", 1,
                    "a problem: groups, group size, experts, model and expert width, as in "
                    "g64t32e32d512h2048; lists 8,32 and ranges 4:64:*2 are allowed",
                    set_shape, true},
    [FLAG_SHAPES] = {"shapes", "NAME|FILE", 1, "a preset (`motbench list shapes`) or a file with a shape a line",
                     set_shapes, true},
    [FLAG_MODEL] = {"model", "FILE", 1, "config.json of a published model", set_model, true},
    [FLAG_STAGE] = {"stage", "LIST", 1, "route, mix, front (both), experts, redistribute, layer", set_stage, false},
    [FLAG_ISA] = {"isa", "LIST", 1, "scalar, avx2, avx512; of bf16 only avx512bf16, amx; cuda", set_isa, false},
    [FLAG_DTYPE] = {"dtype", "LIST", 1, "data type of the tensors: f32, bf16 (default f32; check and list: both)",
                    set_dtype, false},
    [FLAG_FILTER] = {"filter", "REGEX", 1, "only names that match; a leading - keeps those that do not", set_filter,
                     false},
    [FLAG_CHOICE] = {"choice", "CHOICE", 1,
                     "one variant with its knobs, as in mix_avx2_4x16{dc=128}; may be said several times", set_choice,
                     false},
    [FLAG_THREADS] = {"threads", "LIST", 2, "thread counts (default: all CPUs, or MOT_NUM_THREADS)", set_threads,
                      false},
    [FLAG_CPUS] = {"cpus", "LIST", 2, "run on these CPUs only, as in 0,2-3", set_cpus, false},
    [FLAG_CACHE] = {"cache", "LIST", 2, "hot, cold-weights, cold-all", set_cache, false},
    [FLAG_COUNTERS] = {"counters", "LIST", 2, "auto, none or names (`motbench list counters`)", set_counters, false},
    [FLAG_REQUIRE_COUNTERS] = {"require-counters", NULL, 2, "exit 5 where a counter cannot be read",
                               set_require_counters, false},
    [FLAG_SEED] = {"seed", "N", 2, "of data, shapes and order (default 1)", set_seed, false},
    [FLAG_REPEAT] = {"repeat", "N", 2, "rounds (default 12)", set_repeat, false},
    [FLAG_MIN_TIME] = {"min-time", "TIME", 2, "least time of one sample (default 1ms)", set_min_time, false},
    [FLAG_MAX_NOISE] = {"max-noise", "SHARE", 2, "stop a row early when its interval is narrower, as in 2%",
                        set_max_noise, false},
    [FLAG_TIMEOUT] = {"timeout", "TIME", 2, "of one check (default 60s)", set_timeout, false},
    [FLAG_BUDGET] = {"budget", "TIME", 2, "time for everything together, as in 90s", set_budget, false},
    [FLAG_QUICK] = {"quick", NULL, 2, "8 rounds: exploratory", set_quick, false},
    [FLAG_STRICT] = {"strict", NULL, 2, "exit 4 where a row is inconclusive", set_strict, false},
    [FLAG_NO_CEILINGS] = {"no-ceilings", NULL, 2, "do not measure this machine's peaks first", set_no_ceilings, false},
    [FLAG_PROFILE] = {"profile", "FILE", 2, "the tuned profile (default: where `motbench tune` writes it)", set_profile,
                      false},
    [FLAG_PEERS] = {"peers", NULL, 2, "time every peer library, and sum up ours against the best of them", set_peers,
                    false},
    [FLAG_JOURNAL] = {"journal", "FILE", 2, "journal of evaluations (default: $XDG_STATE_HOME/mot/trials.jsonl)",
                      set_journal, false},
    [FLAG_RESUME] = {"resume", NULL, 2, "take up the journal: repeat no evaluation", set_resume, false},
    [FLAG_DRY_RUN] = {"dry-run", NULL, 2, "only list what would be done", set_dry_run, false},
    [FLAG_UNVERIFIED] = {"unverified", NULL, 2, "also CUDA kernels that have never passed their check on a GPU",
                         set_unverified, false},
    [FLAG_FORMAT] = {"format", "NAME", 3, NULL, set_format, false},
    [FLAG_JSON] = {"json", NULL, 3, "the same as --format json", set_json, false},
    [FLAG_OUT] = {"out", "FILE", 3, NULL, set_out, true},
    [FLAG_OUT_DIR] = {"out-dir", "DIR", 3, "folder of samples, report and profile (default ./motbench-out)",
                      set_out_dir, false},
};

void flag_environment_name(char *buf, size_t size, const flag_row *f) {
    snprintf(buf, size, "MOTBENCH_%s", f->name);
    for (char *c = buf; *c; c++) *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}
