/* options.c: reads the command line with argp, then the environment for what the command line left open. */
#include "flags.h"
#include "cpu.h"
#include "verb.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_HELP = 'h', KEY_FLAG = 0x100, GROUPS = 3, ENVIRONMENT_MAX = 4096 };

int verb_fail(const options *o, int code, const char *format, ...) {
    problem p;
    va_list args;
    va_start(args, format);
    vsnprintf(p.text, sizeof p.text, format, args);
    va_end(args);
    fprintf(stderr, "motbench %s: %s\n", o->verb->name, p.text);
    return code;
}

int verb_finish(int code) {
    if ((fflush(stdout) == 0 && !ferror(stdout)) || code == EXIT_ENVIRONMENT) return code;
    fprintf(stderr, "motbench: cannot write standard output: %s\n", strerror(errno));
    return EXIT_ENVIRONMENT;
}

static void die(const options *o, const char *flag, const char *why) {
    exit(verb_fail(o, EXIT_USAGE, "%s: %s", flag, why));
}

static bool has(const options *o, int f) { return o->verb->flags >> f & 1; }

static void apply(options *o, int f, const char *value, const char *named) {
    problem p = {""};
    if (!flag_table[f].set(o, value, &p)) die(o, named, p.text);
}

/* ---- the environment */

/* Repeatable flags take several values, separated by blanks. */
static void apply_words(options *o, int f, const char *value, const char *named) {
    char *copy = o->kept[f] = strdup(value);
    for (char *word = copy ? strtok(copy, " \t\n") : NULL; word; word = strtok(NULL, " \t\n")) apply(o, f, word, named);
}

/* Flags that say the same thing: one of them on the command line silences the variables of all. */
static uint32_t family(int f) {
    static const uint32_t families[] = {FLAGS_SHAPES, FLAG(FORMAT) | FLAG(JSON), FLAG(REPEAT) | FLAG(QUICK)};
    uint32_t bit = UINT32_C(1) << f;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (families[i] & bit) return families[i];
    return bit;
}

static void read_environment(options *o) {
    uint32_t given = o->seen;
    for (int f = 0; f < FLAG_COUNT; f++) {
        char name[48];
        flag_environment_name(name, sizeof name, &flag_table[f]);
        const char *value = has(o, f) && !(given & family(f)) ? getenv(name) : NULL;
        if (!value || !*value) continue;
        if (flag_table[f].repeatable)
            apply_words(o, f, value, name);
        else
            apply(o, f, value, name);
        o->seen |= UINT32_C(1) << f;
    }
}

/* The library ignores nonsense here; a person who set it should hear of it. */
static void read_library_environment(options *o) {
    const char *isa = getenv("MOT_ISA"), *threads = getenv("MOT_NUM_THREADS");
    uint64_t n = 0;
    problem p;
    if (isa && *isa && (!mot_isa_parse(isa, &o->cap) || o->cap == MOT_ISA_BEST)) {
        problem_set(&p, "'%.80s' is no instruction set: scalar, avx2, avx512, avx512bf16 or amx", isa);
        die(o, "MOT_ISA", p.text);
    }
    if (threads && *threads && !parse_whole(&n, threads, 1, 1024, &p)) die(o, "MOT_NUM_THREADS", p.text);
}

static void set_default_threads(options *o) {
    mot_options defaults;
    if (o->thread_counts) return;
    mot_options_default(&defaults);
    o->threads[o->thread_counts++] = defaults.threads ? defaults.threads : mot_cpu_threads();
}

/* A choice is of one data type: it need not be said twice. */
static void set_default_dtypes(options *o) {
    if (o->dtypes) return;
    o->dtypes = o->choice_count ? DTYPES_ALL : o->verb->dtypes ? o->verb->dtypes : DTYPE(F32);
}

/* ---- argp */

/* What the verb's flags are, for a message. */
static void list_flags(const options *o, char *buf, size_t size) {
    size_t n = (size_t)snprintf(buf, size, "--help");
    for (int f = 0; f < FLAG_COUNT && n < size; f++)
        if (has(o, f)) n += (size_t)snprintf(buf + n, size - n, " --%s", flag_table[f].name);
}

/* The flag that `text` (without its dashes) names, a unique beginning being enough; -1 none. */
static int find_flag(const options *o, const char *text) {
    size_t n = strcspn(text, "=");
    int found = -1, matches = 0;
    for (int f = 0; f < FLAG_COUNT; f++) {
        if (!has(o, f) || strncmp(flag_table[f].name, text, n)) continue;
        if (!flag_table[f].name[n]) return f;
        found = f;
        matches++;
    }
    return matches == 1 ? found : -1;
}

/* argp stopped: say which flag it was and what would be right. */
static void explain(const options *o, const struct argp_state *state) {
    int at = state->next > 1 && state->argv[state->next - 1][0] == '-' ? state->next - 1 : state->next;
    const char *text = at < state->argc ? state->argv[at] : "";
    int f = strncmp(text, "--", 2) == 0 ? find_flag(o, text + 2) : -1;
    char flags[512];
    list_flags(o, flags, sizeof flags);
    if (f >= 0 && flag_table[f].value)
        exit(verb_fail(o, EXIT_USAGE, "--%s needs a value: %s", flag_table[f].name, flag_table[f].value));
    if (f >= 0) exit(verb_fail(o, EXIT_USAGE, "--%s takes no value", flag_table[f].name));
    exit(verb_fail(o, EXIT_USAGE, "'%.60s' is no flag here; flags: %s", text, flags));
}

static void add_argument(options *o, const char *text) {
    if (o->args == o->verb->most_args || o->args == MAX_ARGS) {
        const char *want = *o->verb->args ? o->verb->args : "flags only";
        exit(verb_fail(o, EXIT_USAGE, "unexpected '%.80s': give %s", text, want));
    }
    o->arg[o->args++] = text;
}

static struct argp make_argp(const options *, struct argp_option rows[FLAG_COUNT + GROUPS + 2]);

static void help(const options *o) {
    struct argp_option rows[FLAG_COUNT + GROUPS + 2];
    struct argp argp = make_argp(o, rows);
    char name[64];
    snprintf(name, sizeof name, "motbench %s", o->verb->name);
    argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_BUG_ADDR, name);
    exit(verb_finish(EXIT_OK));
}

static error_t parse_key(int key, char *value, struct argp_state *state) {
    options *o = state->input;
    int f = key - KEY_FLAG;
    if (key == KEY_HELP) help(o);
    if (key == ARGP_KEY_ERROR) explain(o, state);
    if (key == ARGP_KEY_ARG) {
        add_argument(o, value);
    } else if (f >= 0 && f < FLAG_COUNT) {
        char named[48];
        snprintf(named, sizeof named, "--%s", flag_table[f].name);
        o->seen |= UINT32_C(1) << f;
        apply(o, f, value ? value : "1", named);
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const char *doc_of(const options *o, int f) {
    static char formats[200];
    if (f == FLAG_FORMAT) snprintf(formats, sizeof formats, "one of %s", o->verb->formats);
    return f == FLAG_FORMAT ? formats : f == FLAG_OUT ? o->verb->outputs : flag_table[f].doc;
}

static struct argp make_argp(const options *o, struct argp_option rows[FLAG_COUNT + GROUPS + 2]) {
    static const char *const headers[] = {"What:", "How:", "Where to:"};
    size_t n = 0;
    for (int group = 1; group <= GROUPS; group++) {
        size_t header = n++;
        for (int f = 0; f < FLAG_COUNT; f++) {
            const flag_row *row = &flag_table[f];
            if (!has(o, f) || row->group != group) continue;
            rows[n++] = (struct argp_option){row->name, KEY_FLAG + f, row->value, 0, doc_of(o, f), group};
        }
        if (n == header + 1)
            n = header; /* no flag of this group */
        else
            rows[header] = (struct argp_option){.doc = headers[group - 1], .group = group};
    }
    rows[n++] = (struct argp_option){"help", KEY_HELP, NULL, 0, "show this", -1};
    rows[n] = (struct argp_option){0};
    return (struct argp){rows, parse_key, o->verb->args, o->verb->doc, NULL, NULL, NULL};
}

static void check_arguments(const options *o) {
    if (o->args < o->verb->least_args) exit(verb_fail(o, EXIT_USAGE, "nothing to work on: give %s", o->verb->args));
}

void options_parse(options *o, const verb *v, int argc, char **argv) {
    struct argp_option rows[FLAG_COUNT + GROUPS + 2];
    *o = (options){.verb = v, .argc = argc, .argv = argv, .seed = 1};
    snprintf(o->first_format, sizeof o->first_format, "%.*s", (int)strcspn(v->formats, " "), v->formats);
    o->format = o->first_format;
    argp_err_exit_status = EXIT_USAGE;
    struct argp argp = make_argp(o, rows);
    argp_parse(&argp, argc - 1, argv + 1, ARGP_NO_HELP | ARGP_NO_ERRS, NULL, o);
    read_environment(o);
    read_library_environment(o);
    set_default_threads(o);
    set_default_dtypes(o);
    check_arguments(o);
}

void options_free(options *o) {
    for (int f = 0; f < FLAG_COUNT; f++) free(o->kept[f]);
    for (int i = 0; i < o->sets; i++) shape_list_free(&o->set[i].list);
    filter_free(o->filter);
}
