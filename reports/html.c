#include "html.h"
#include "page.h"
#include "writers.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static void put_escaped(FILE *out, const char *text) {
    for (; *text; text++) {
        const char *entity = *text == '&'    ? "&amp;"
                             : *text == '<'  ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&#39;"
                                             : NULL;
        if (entity)
            fputs(entity, out);
        else
            fputc(*text, out);
    }
}

static void put_coordinate(FILE *out, double value) {
    char text[48];
    snprintf(text, sizeof text, "%.1f", isfinite(value) ? value : 0);
    size_t n = strlen(text);
    if (text[n - 1] == '0') text[n - 2] = 0;
    fputs(strcmp(text, "-0") ? text : "0", out);
}

void html(FILE *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (const char *c = format; *c; c++) {
        if (*c != '%')
            fputc(*c, out);
        else if (*++c == 's')
            put_escaped(out, va_arg(args, const char *));
        else if (*c == 'd')
            fprintf(out, "%d", va_arg(args, int));
        else if (*c == 'f')
            put_coordinate(out, va_arg(args, double));
        else if (*c == 'z') /* zu */
            fprintf(out, "%zu", va_arg(args, size_t)), c++;
        else
            fputc('%', out);
    }
    va_end(args);
}

void html_section(FILE *out, const char *id, const char *heading, const char *note) {
    html(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, heading);
    if (*note) html(out, "<p class=\"note\">%s</p>\n", note);
}

void html_section_end(FILE *out) { fputs("</section>\n", out); }

const char *html_short_name(const bench_record *b) {
    if (strncmp(b->variant, "dense_ffn_", 10) == 0) return "dense FFN";
    size_t stage = strlen(b->stage);
    if (strncmp(b->variant, "layer_", 6) != 0) /* "avx2_6x16" of "mix_avx2_6x16" */
        return strncmp(b->variant, b->stage, stage) == 0 && b->variant[stage] == '_' ? b->variant + stage + 1
                                                                                     : b->variant;
    static const char *const spelt[][2] = {
        {"amx", "AMX"}, {"avx512bf16", "AVX512_BF16"}, {"avx512", "AVX-512"}, {"avx2", "AVX2"}};
    static label peer; /* until the next one: each is written at once */
    const char *name = model_own_name(b, "layer_");
    for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++)
        if (strcmp(name, spelt[i][0]) == 0) return spelt[i][1];
    if (model_is_ours(b)) return name;
    peer = label_library(name);
    return peer.s;
}

const char *html_class(const bench_record *b) {
    if (model_is_dense(b)) return "k-dense";
    if (!model_is_ours(b)) return "k-peer";
    if (b->cuda) return "k-cuda";
    const char *layer = model_own_name(b, "layer_");
    if (layer && strcmp(layer, "tuned") == 0) return "k-tuned";
    if (strcmp(b->isa, "amx") == 0) return "k-amx";
    if (strcmp(b->isa, "avx512bf16") == 0) return "k-avx512bf16";
    if (strcmp(b->isa, "avx512") == 0) return "k-avx512";
    if (strcmp(b->isa, "avx2") == 0) return "k-avx2";
    return "k-scalar";
}

const char *html_stage_class(const char *stage) {
    static const char *const known[] = {"s-layer", "s-route", "s-mix", "s-front", "s-experts", "s-redistribute"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i] + 2, stage) == 0) return known[i];
    return "s-other";
}

void html_conditions(FILE *out, const table *t) {
    html(out, "%s · %s · %s", label_threads(t->threads).s, t->cache, t->dtype);
}

void html_ratio_cell(FILE *out, interval r, const char *own_name, const char *base_name, bool with_interval) {
    if (!isfinite(r.value)) {
        html(out, "<td class=\"n\">–</td>");
    } else if (strcmp(own_name, base_name) == 0) {
        html(out, "<td class=\"n base\" data-v=\"1\">base</td>");
    } else {
        label range = label_ratio_range(r);
        html(out, "<td class=\"n\" data-v=\"%s\" title=\"over %s %s\">%s", label_number(r.value).s, base_name, range.s,
             with_interval ? label_gain(r).s : label_ratio(r.value).s);
        if (*range.s && with_interval) html(out, " <small>%s</small>", range.s);
        html(out, "</td>");
    }
}

void html_percent_cell(FILE *out, double percent) {
    if (!isfinite(percent)) {
        html(out, "<td class=\"n\">–</td>");
        return;
    }
    html(out,
         "<td class=\"n bar\" data-v=\"%s\"><svg class=\"meter\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" "
         "aria-hidden=\"true\"><rect class=\"rail\" width=\"100\" height=\"6\"/><rect class=\"fill\" width=\"%f\" "
         "height=\"6\"/></svg>%s</td>",
         label_number(percent).s, fmin(percent, 100), label_percent(percent).s);
}

/* ---- the page ------------------------------------------------------------------------------------------------- */

static void put_head(const model *m, FILE *out) {
    const machine *h = &m->records->machine;
    const run_record *run = &m->records->runs[0];
    html(out, "<header>\n<p class=\"brand\">motbench</p>\n<h1>Mixture of Tokens kernels on %s</h1>\n",
         *h->cpu ? h->cpu : "an unnamed processor");
    html(out, "<p class=\"by\">%s", *h->name ? h->name : "unnamed host");
    if (*run->time) html(out, " · %s", run->time);
    if (*run->version) html(out, " · version %s", run->version);
    if (*run->short_revision) html(out, " · revision %s%s", run->short_revision, run->dirty ? " (modified)" : "");
    html(out, "</p>\n</header>\n");
}

static void put_navigation(const model *m, FILE *out) {
    const struct {
        const char *id, *name;
        bool there;
    } links[] = {
        {"verdict", "Verdict", true},
        {"glance", "Layers", m->table_count > 0},
        {"machine", "Machine", true},
        {"roofline", "Roofline", m->table_count && m->records->ceiling_count},
        {"variants", "Variants", m->table_count > 0},
        {"granularity", "Over dense", m->grain_count > 0},
        {"sweeps", "Sweeps", m->sweep_count > 0},
        {"breakdown", "Breakdown", m->table_count > 0},
        {"scaling", "Scaling", m->scaling_count > 0},
        {"tuning", "Tuning", m->records->tune_count || m->records->profile_count},
        {"accuracy", "Accuracy", m->accuracy_count > 0},
        {"samples", "Samples", m->table_count > 0},
        {"skipped", "Skipped", m->skipped_count > 0},
    };
    html(out, "<nav aria-label=\"Sections\">");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (links[i].there) html(out, "<a href=\"#%s\">%s</a>", links[i].id, links[i].name);
    html(out, "</nav>\n");
}

static void put_body(const model *m, FILE *out) {
    put_head(m, out);
    put_navigation(m, out);
    html(out, "<main>\n");
    html_verdict(m, out);
    html_glance(m, out);
    html_machine(m, out);
    html_roofline(m, out);
    html_tables(m, out);
    html_grains(m, out);
    html_sweeps(m, out);
    html_layers(m, out);
    html_scaling(m, out);
    html_tuning(m, out);
    html_accuracy(m, out);
    html_samples(m, out);
    html_skipped(m, out);
    html(out, "</main>\n<footer><p>These are times of kernels. What the Mixture of Tokens paper (arXiv 2310.15961) "
              "reports is the "
              "cost of training to a given loss, which no kernel time can show.</p></footer>\n");
}

/* The page frame names its parts in {{braces}}; the rest of it is printed as it stands. */
void write_html(const model *m, FILE *out) {
    const char *rest = page_frame;
    for (const char *mark; (mark = strstr(rest, "{{")) != NULL; rest = strstr(mark, "}}") + 2) {
        fwrite(rest, 1, (size_t)(mark - rest), out);
        mark += 2;
        if (strncmp(mark, "style-hash", 10) == 0)
            fputs(page_style_hash, out);
        else if (strncmp(mark, "script-hash", 11) == 0)
            fputs(page_script_hash, out);
        else if (strncmp(mark, "title", 5) == 0)
            html(out, "motbench on %s", m->records->machine.name);
        else if (strncmp(mark, "style", 5) == 0)
            fputs(page_style, out);
        else if (strncmp(mark, "script", 6) == 0)
            fputs(page_script, out);
        else if (strncmp(mark, "body", 4) == 0)
            put_body(m, out);
        else if (strncmp(mark, "data", 4) == 0)
            write_json(m, out);
    }
    fputs(rest, out);
}
