/* list.c: names, one a line; '~' marks what this machine cannot run. */
#include "cuda_device.h"
#include "outputs.h"
#include "selection.h"
#include "verb.h"

#include <stdio.h>
#include <string.h>

/* A list is a table; its text is the names alone. */
static const char UNVERIFIED[] = "unverified";

typedef struct listing {
    table *table;
    const char *names[512];
    const char *marks[512]; /* behind the name, or NULL */
    bool usable[512];
    size_t count;
} listing;

static bool write_names(const void *data, const char *format, FILE *file, bool colours) {
    const listing *l = data;
    if (strcmp(format, "text")) return table_output(l->table, format, file, colours);
    for (size_t i = 0; i < l->count; i++)
        fprintf(file, "%s%s%s%s\n", l->usable[i] ? "" : "~", l->names[i], l->marks[i] ? "\t" : "",
                l->marks[i] ? l->marks[i] : "");
    return fflush(file) == 0 && !ferror(file);
}

static void add(listing *l, const char *name, const char *why_not) {
    if (l->count < sizeof l->names / sizeof *l->names) {
        l->names[l->count] = name;
        l->usable[l->count++] = !why_not;
    }
    table_text(l->table, name);
    table_flag(l->table, !why_not);
    table_text(l->table, why_not ? why_not : "");
}

static const char *print_knobs(const mot_variant *v) {
    static char text[256];
    size_t n = 0;
    text[0] = '\0';
    for (int k = 0; k < v->knob_count && n < sizeof text; k++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=", k ? " " : "", v->knobs[k].name);
        for (int i = 0; i < v->knobs[k].count && n < sizeof text; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%d%s", i ? "|" : "", v->knobs[k].values[i],
                                  v->knobs[k].values[i] == v->knobs[k].preset ? "*" : "");
    }
    return text;
}

/* A GPU and the date of a pass there, or the mark of a kernel that has none. The CPU's are checked on every machine. */
static void add_verified(listing *l, const mot_cuda_variant *v) {
    char text[160] = "";
    const mot_cuda_record *r = v ? mot_cuda_verified(v) : NULL;
    if (v) snprintf(text, sizeof text, "%s", UNVERIFIED);
    if (r) snprintf(text, sizeof text, "%s, %s", r->device, r->date);
    table_text(l->table, text);
    if (v && !r) l->marks[l->count - 1] = UNVERIFIED;
}

static const char *cuda_library(const subject *s) {
    const mot_cuda_variant *v = candidate_cuda(s->choice.variant);
    return v->baseline ? v->family : "mot_cuda";
}

static int list_variants(listing *l, const options *o) {
    static const column columns[] = {{"name", "variant", 0},
                                     {"usable", "usable", 0},
                                     {"reason", "why not", 0},
                                     {"stage", "stage", 0},
                                     {"isa", "isa", 0},
                                     {"dtype", "dtype", 0},
                                     {"library", "library", 0},
                                     {"verified", "verified on", 0},
                                     {"mr", "mr", 0},
                                     {"nr", "nr", 0},
                                     {"knobs", "knobs (* default)", 0}};
    static selection all; /* its names are printed later */
    int code = selection_make(&all, o);
    l->table = table_new(columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < all.count; i++) {
        const subject *s = &all.item[i];
        if (s->kind != SUBJECT_STAGE) continue;
        add(l, s->name, subject_why_not(s, o));
        table_text(l->table, mot_stage_name(s->stage));
        table_text(l->table, s->peer ? "" : s->cuda ? "cuda" : mot_isa_name(s->isa));
        table_text(l->table, mot_dtype_name(s->dtype));
        table_text(l->table, s->peer ? s->peer->library : s->cuda ? cuda_library(s) : "mot");
        add_verified(l, candidate_cuda(s->choice.variant));
        table_number(l->table, s->choice.variant->mr, "%.0f", s->choice.variant->mr);
        table_number(l->table, s->choice.variant->nr, "%.0f", s->choice.variant->nr);
        table_text(l->table, print_knobs(s->choice.variant));
    }
    return code;
}

/* Presets; or, where shapes are given, those. */
static int list_shapes(listing *l, const options *o) {
    static const column columns[] = {{"name", "shapes", 0},
                                     {"usable", "usable", COLUMN_DETAIL},
                                     {"reason", "why not", COLUMN_DETAIL},
                                     {"bytes", "MiB", 0}};
    static const column preset_columns[] = {{"name", "preset", 0},
                                            {"usable", "usable", COLUMN_DETAIL},
                                            {"reason", "why not", COLUMN_DETAIL},
                                            {"shapes", "shapes", 0}};
    static char texts[512][SHAPE_TEXT];
    l->table = table_new(o->sets ? columns : preset_columns, 4);
    for (int i = 0; i < o->sets; i++)
        for (size_t n = 0; n < o->set[i].list.count && l->count < 512; n++) {
            const mot_shape *s = &o->set[i].list.item[n];
            shape_print(texts[l->count], s);
            if (!filter_keeps(o->filter, texts[l->count])) continue;
            add(l, texts[l->count], NULL);
            table_number(l->table, (double)shape_bytes(s), "%.1f", (double)shape_bytes(s) / (1 << 20));
        }
    for (size_t i = 0; !o->sets && shape_preset_name(i); i++) {
        shape_list shapes = {0};
        problem p;
        if (!filter_keeps(o->filter, shape_preset_name(i))) continue;
        if (!shape_preset(&shapes, shape_preset_name(i), p.text, sizeof p.text))
            return verb_fail(o, EXIT_ENVIRONMENT, "%s", p.text);
        add(l, shape_preset_name(i), NULL);
        table_number(l->table, (double)shapes.count, "%.0f", (double)shapes.count);
        shape_list_free(&shapes);
    }
    return EXIT_OK;
}

static const column plain_columns[] = {{"name", "name", 0}, {"usable", "usable", 0}, {"reason", "why not", 0}};

static int list_stages(listing *l, const options *o) {
    l->table = table_new(plain_columns, 3);
    for (int s = 0; s < MOT_STAGE_COUNT; s++)
        if (filter_keeps(o->filter, mot_stage_name((mot_stage)s))) add(l, mot_stage_name((mot_stage)s), NULL);
    return EXIT_OK;
}

static int list_counters(listing *l, const options *o) {
    l->table = table_new(plain_columns, 3);
    for (size_t i = 0; i < counters_known(); i++)
        if (filter_keeps(o->filter, counters_known_name(i)))
            add(l, counters_known_name(i), counters_why_not(counters_known_name(i)));
    return EXIT_OK;
}

static int run_list(options *o) {
    static const struct {
        const char *what;
        int (*list)(listing *, const options *);
    } kinds[] = {
        {"variants", list_variants}, {"shapes", list_shapes}, {"stages", list_stages}, {"counters", list_counters}};
    static listing l;
    const char *what = o->args ? o->arg[0] : "variants";
    outputs out;
    for (int i = 0; i < 4; i++) {
        if (strcmp(what, kinds[i].what)) continue;
        int code = outputs_open(&out, o, OUTPUT_TABLE);
        if (code) return code;
        code = kinds[i].list(&l, o);
        if (!code && l.count == 0)
            code = verb_fail(o, EXIT_USAGE, "no %s are left: loosen --filter, --stage, --isa or --dtype", what);
        code = outputs_finish(&out, code ? NULL : write_names, &l, true, code);
        table_free(l.table);
        return code;
    }
    return verb_fail(o, EXIT_USAGE, "'%.60s' cannot be listed: variants, shapes, stages or counters", what);
}

const verb verb_list = {
    .name = "list",
    .summary = "variants, shapes, stages, counters",
    .doc = "Prints names, one a line; '~' before a name marks what this machine cannot run (--json says why), "
           "a tab and 'unverified' behind it a CUDA kernel that has never passed its check on a GPU.",
    .args = "[variants|shapes|stages|counters]",
    .most_args = 1,
    .flags = FLAGS_SHAPES | FLAG(STAGE) | FLAG(ISA) | FLAG(DTYPE) | FLAG(FILTER) | FLAGS_OUTPUT,
    .formats = "text json jsonl csv md",
    .outputs = "also write FILE, in the format of its extension (.json .csv .md .txt)",
    .dtypes = DTYPES_ALL,
    .run = run_list,
};
