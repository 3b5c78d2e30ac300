/* export_c_header.c: a profile as one header that needs nothing but the compiler. */
#include "export_internal.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* FNV-1a: a number that #if can compare. */
static unsigned long long machine_number(const char *text) {
    unsigned long long hash = 0xcbf29ce484222325u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

/* A string literal: whatever is in the text, it stays inside. '?' because of trigraphs. */
static void put_string(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\' || c == '?')
            fprintf(out, "\\%c", c);
        else if (c < 32 || c > 126)
            fprintf(out, "\\%03o", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_upper(FILE *out, const char *text) {
    for (; *text; text++) fputc(isalnum((unsigned char)*text) ? toupper((unsigned char)*text) : '_', out);
}

/* ---- constants ------------------------------------------------------------------------------------------------- */

/* MOT_TUNED_LAYER_G64_T32_E32_D512_H2048_N2_AVX512_COLD_WEIGHTS, MOT_TUNED_LAYER_BF16_G64_… */
static void put_prefix(FILE *out, const export_entry *e) {
    fputs("MOT_TUNED_", out);
    put_upper(out, mot_stage_name(e->stage));
    if (e->dtype == MOT_BF16) fputs("_BF16", out);
    fprintf(out, "_G%zu_T%zu_E%zu_D%zu_H%zu_N%d_", e->shape.groups, e->shape.group_size, e->shape.experts,
            e->shape.d_model, e->shape.d_expert, e->threads);
    put_upper(out, export_isa_name(e));
    fputc('_', out);
    put_upper(out, export_cache_name(e->cache));
}

static void put_constants(FILE *out, const export_entry *e) {
    for (int i = 0; i < e->steps; i++) {
        const export_step *step = &e->step[i];
        fputs("#define ", out);
        put_prefix(out, e);
        fprintf(out, "_STEP%d ", i);
        put_string(out, step->text);
        fputc('\n', out);
        for (int k = 0; k < step->knobs; k++) {
            fputs("#define ", out);
            put_prefix(out, e);
            fprintf(out, "_STEP%d_", i);
            put_upper(out, step->knob[k].name);
            fprintf(out, " (%d)\n", step->knob[k].value);
        }
    }
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static void put_step(FILE *out, const export_step *step) {
    fputs("{", out);
    put_string(out, step->text);
    fputs(", ", out);
    put_string(out, step->variant);
    fprintf(out, ", %d, {", step->knobs);
    for (int k = 0; k < step->knobs; k++)
        fprintf(out, "%s{\"%s\", %d}", k ? ", " : "", step->knob[k].name, step->knob[k].value);
    fputs(step->knobs ? "}}" : "{\"\", 0}}}", out);
}

static void put_entry(FILE *out, const export_entry *e) {
    double speedup = export_evidence(e, "speedup"), median = export_evidence(e, "median_ns");
    fputs("        {", out);
    put_string(out, mot_stage_name(e->stage));
    fputs(", ", out);
    put_string(out, mot_dtype_name(e->dtype));
    fputs(", ", out);
    put_string(out, export_isa_name(e));
    fputs(", ", out);
    put_string(out, export_cache_name(e->cache));
    fprintf(out, ", %zuu, %zuu, %zuu, %zuu, %zuu, %d, %.9g, %.9g, %d, {", e->shape.group_size, e->shape.experts,
            e->shape.d_model, e->shape.d_expert, e->shape.groups, e->threads, isfinite(median) ? median : 0.0,
            isfinite(speedup) ? speedup : 0.0, e->steps);
    for (int i = 0; i < e->steps; i++) {
        if (i) fputs(",\n          ", out);
        put_step(out, &e->step[i]);
    }
    fputs("}},\n", out);
}

static const char opening[] =
    "/* Tuned choices for the Mixture of Tokens layer, written by `motbench export --format c-header`. C11 and C++17, "
    "needs\n"
    " * no library. Times are of the machine that MOT_TUNED_MACHINE names; a build for another machine says so with\n"
    " * -DMOT_TUNED_FOR=<its number> and gets an empty table. mot_tuned_find finds the entry of a problem: exact in T, "
    "E, D,\n"
    " * H and threads (0: a GPU's), G the nearest by ratio and at most a factor of 2 away; NULL means: nothing better "
    "than the "
    "default is\n"
    " * known. It looks for f32; mot_tuned_find_as takes the data type. The constants have the same numbers for the "
    "preprocessor; a knob that is not named is at its default. "
    "*/\n"
    "#ifndef MOT_TUNED_H\n#define MOT_TUNED_H\n\n#include <stddef.h>\n#include <string.h>\n\n";

static const char types[] =
    "typedef struct mot_tuned_knob {\n    const char *name;\n    int value;\n} mot_tuned_knob;\n\n"
    "typedef struct mot_tuned_step {\n    const char *choice;  /* variant{knob=value,...} */\n    const char "
    "*variant;\n"
    "    int knobs;\n    mot_tuned_knob knob[8];\n} mot_tuned_step;\n\n"
    "typedef struct mot_tuned_entry {\n    const char *stage, *dtype, *isa, *cache;\n    size_t t, e, d, h, g;\n    "
    "int "
    "threads;\n"
    "    double median_ns; /* 0: not recorded */\n    double speedup;   /* default / tuned, 0: not recorded */\n"
    "    int steps;\n    mot_tuned_step step[4];\n} mot_tuned_entry;\n\n";

static const char lookup[] =
    "/* `dtype`: \"f32\", \"bf16\"; `stage`: \"layer\", \"route\", \"mix\", \"front\", \"experts\", \"redistribute\". "
    "*/\n"
    "static inline const mot_tuned_entry *mot_tuned_find_as(const char *dtype, const char *stage, size_t t, size_t e,\n"
    "                                                       size_t d, size_t h, size_t g, int threads) {\n"
    "    size_t count, i;\n"
    "    const mot_tuned_entry *table = mot_tuned_table(&count), *best = NULL;\n"
    "    double best_ratio = 2.0;\n"
    "    for (i = 0; i < count && g > 0; i++) {\n"
    "        const mot_tuned_entry *x = &table[i];\n"
    "        double ratio = x->g > g ? (double)x->g / (double)g : (double)g / (double)x->g;\n"
    "        if (x->t != t || x->e != e || x->d != d || x->h != h || x->threads != threads) continue;\n"
    "        if (strcmp(x->stage, stage) != 0 || strcmp(x->dtype, dtype) != 0 || ratio > best_ratio) continue;\n"
    "        if (best && ratio == best_ratio) continue; /* the first is the preferred one */\n"
    "        best = x;\n"
    "        best_ratio = ratio;\n"
    "    }\n"
    "    return best;\n"
    "}\n\n"
    "static inline const mot_tuned_entry *mot_tuned_find(const char *stage, size_t t, size_t e, size_t d, size_t h, "
    "size_t g,\n"
    "                                                    int threads) {\n"
    "    return mot_tuned_find_as(\"f32\", stage, t, e, d, h, g, threads);\n"
    "}\n\n"
    "static inline const mot_tuned_entry *mot_tuned_layer(size_t t, size_t e, size_t d, size_t h, size_t g, int "
    "threads) {\n"
    "    return mot_tuned_find(\"layer\", t, e, d, h, g, threads);\n"
    "}\n\n"
    "/* The value of a knob, or `otherwise` if it is at its default. */\n"
    "static inline int mot_tuned_value(const mot_tuned_step *step, const char *knob, int otherwise) {\n"
    "    int i;\n"
    "    for (i = 0; i < step->knobs; i++)\n"
    "        if (strcmp(step->knob[i].name, knob) == 0) return step->knob[i].value;\n"
    "    return otherwise;\n"
    "}\n\n#endif\n";

static void put_facts(const export_profile *p, FILE *out) {
    const struct {
        const char *name, *text;
    } facts[] = {{"MACHINE", p->machine}, {"LIBRARY", p->library}, {"KERNELS", p->kernels}};
    for (int i = 0; i < 3; i++) {
        fprintf(out, "#define MOT_TUNED_%s ", facts[i].name);
        put_string(out, facts[i].text);
        fputc('\n', out);
    }
    fprintf(out, "#define MOT_TUNED_MACHINE_NUMBER 0x%016llxu\n\n", machine_number(p->machine));
}

static void put_table(const export_profile *p, FILE *out) {
    for (size_t i = 0; i < p->count; i++) put_constants(out, &p->entries[i]);
    fprintf(out, "\n#define MOT_TUNED_COUNT %zu\n", p->count);
    fputs("static inline const mot_tuned_entry *mot_tuned_table(size_t *count) {\n"
          "    static const mot_tuned_entry table[] = {\n",
          out);
    for (size_t i = 0; i < p->count; i++) put_entry(out, &p->entries[i]);
    fputs("    };\n    *count = MOT_TUNED_COUNT;\n    return table;\n}\n", out);
}

/* An array of no elements is not C. */
static void put_no_table(FILE *out) {
    fputs("#define MOT_TUNED_COUNT 0\n"
          "static inline const mot_tuned_entry *mot_tuned_table(size_t *count) {\n"
          "    *count = MOT_TUNED_COUNT;\n    return NULL;\n}\n",
          out);
}

bool export_c_header(const export_profile *p, FILE *out) {
    fputs(opening, out);
    put_facts(p, out);
    fputs(types, out);
    if (p->count) {
        fputs("#if !defined(MOT_TUNED_FOR) || MOT_TUNED_FOR == MOT_TUNED_MACHINE_NUMBER\n\n", out);
        put_table(p, out);
        fputs("\n#else\n\n", out);
    }
    put_no_table(out);
    fputs(p->count ? "\n#endif\n\n" : "\n", out);
    fputs(lookup, out);
    return !ferror(out);
}
