/* html_lists.c: tuning, accuracy, and what was left out: the sections that are plain tables. */
#include "html.h"

#include <math.h>
#include <string.h>

static void gain_cell(const tune_record *t, FILE *out) {
    label range = label_ratio_range(t->speedup);
    if (t->kept)
        html(out, "<td class=\"n\" data-v=\"%s\"><b>%s</b> <small>%s</small></td>", label_number(t->speedup.value).s,
             label_gain(t->speedup).s, range.s);
    else
        html(out, "<td class=\"n\" data-v=\"1\"><span class=\"grade unknown\">no gain</span> <small>%s %s</small></td>",
             label_gain(t->speedup).s, range.s);
}

/* Both times on one scale: the default's bar above, the winner's below. */
static void pair_of_bars(const tune_record *t, FILE *out) {
    double longest = fmax(t->usual_ns, t->winner_ns);
    if (!(t->usual_ns > 0) || !(t->winner_ns > 0)) {
        html(out, "<td></td>");
        return;
    }
    html(out,
         "<td class=\"twin\"><svg viewBox=\"0 0 120 18\" preserveAspectRatio=\"none\" role=\"img\" "
         "aria-label=\"default above, winner below\">"
         "<rect class=\"before\" y=\"2\" width=\"%f\" height=\"6\"/><rect class=\"after\" y=\"10\" width=\"%f\" "
         "height=\"6\"/></svg></td>",
         120 * t->usual_ns / longest, 120 * t->winner_ns / longest);
}

/* A choice and its time; the steps of a layer stand below each other. */
static void choice_cell(const char *choice, double ns, FILE *out) {
    html(out, "<td data-v=\"%f\"><b>%s</b><br/><code>", ns, label_time(ns).s);
    for (const char *plus; (plus = strstr(choice, " + ")) != NULL; choice = plus + 3) {
        char step[128];
        snprintf(step, sizeof step, "%.*s", (int)(plus - choice < 120 ? plus - choice : 120), choice);
        html(out, "%s<br/>", step);
    }
    html(out, "%s</code></td>", choice);
}

static void tune_table(const tune_record *items, size_t count, FILE *out) {
    html(out, "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Stage</th><th>Shape</th><th "
              "class=\"n\">Threads</th><th>Default</th>"
              "<th>Winner</th><th></th><th class=\"n\">Gain</th><th "
              "class=\"n\">Tried</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        const tune_record *t = &items[i];
        html(out,
             "<tr><th scope=\"row\"><span class=\"dot %s\"></span>%s</th><td><code>%s</code>%s</td><td "
             "class=\"n\">%d</td>",
             html_stage_class(t->stage), t->stage, t->shape, label_dtype(t->dtype).s, t->threads);
        choice_cell(t->usual, t->usual_ns, out);
        choice_cell(strcmp(t->usual, t->winner) == 0 ? "the default" : t->winner, t->winner_ns, out);
        pair_of_bars(t, out);
        gain_cell(t, out);
        html(out, "<td class=\"n\">%s</td></tr>\n", label_count(t->evaluations).s);
    }
    html(out, "</tbody></table></div>\n");
}

void html_tuning(const model *m, FILE *out) {
    const records *r = m->records;
    if (!r->tune_count && !r->profile_count) return;
    html_section(out, "tuning", "Tuning",
                 "The default choice against the best one found, re-timed in turns. A winner is kept only if its whole "
                 "95\u00a0% interval lies above 1. Bars: default above, winner below.");
    if (r->tune_count) tune_table(r->tunes, r->tune_count, out);
    if (r->profile_path) {
        html(out, "<details><summary>The profile <code>%s</code>: %zu entries</summary>\n", r->profile_path,
             r->profile_count);
        tune_table(r->profile, r->profile_count, out);
        html(out, "</details>\n");
    }
    html_section_end(out);
}

static const char *grade_of(const char *verdict) {
    return strcmp(verdict, "PASS") == 0 || strcmp(verdict, "pass") == 0 ? "ok"
           : strcmp(verdict, "MARGINAL") == 0                           ? "warn"
                                                                        : "bad";
}

void html_accuracy(const model *m, FILE *out) {
    if (!m->accuracy_count) return;
    html_section(out, "accuracy", "Accuracy",
                 "Worst over all shapes: the error as a share of the componentwise bound (1 is the limit), and z, the "
                 "error over its propagated "
                 "standard deviation (rms at most 1.5, largest at most 8). The oracle is f64.");
    html(out,
         "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Choice</th><th>Stage</th><th>Verdict</th><th "
         "class=\"n\">Error / bound</th><th class=\"n\">z rms</th>"
         "<th class=\"n\">z max</th><th class=\"n\">Shapes</th><th class=\"n\">Elements compared</th><th>Worst "
         "on</th><th>Reason</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < m->accuracy_count; i++) {
        const accuracy_row *a = &m->accuracy[i];
        html(out,
             "<tr><th scope=\"row\"><code>%s</code></th><td><span class=\"dot %s\"></span>%s</td><td><span "
             "class=\"grade %s\">%s</span></td>",
             a->choice, html_stage_class(a->stage), a->stage, grade_of(a->verdict), a->verdict);
        html(out,
             "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%zu</td><td "
             "class=\"n\">%s</td><td><code>%s</code></td><td class=\"wrap\">%s</td></tr>\n",
             label_number(a->fraction).s, label_number(a->z_rms).s, label_number(a->z_max).s, a->shapes,
             label_count(a->compared).s, a->where, a->reason);
    }
    html(out, "</tbody></table></div>\n");
    html_section_end(out);
}

void html_skipped(const model *m, FILE *out) {
    if (!m->skipped_count) return;
    html_section(out, "skipped", "Skipped, and why", "");
    html(out, "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>What</th><th>Kind</th><th "
              "class=\"n\">Times</th><th>Reason</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < m->skipped_count; i++) {
        const skipped_row *k = &m->skipped[i];
        html(out,
             "<tr><th scope=\"row\"><code>%s</code>%s</th><td><span class=\"grade unknown\">%s</span></td><td "
             "class=\"n\">%zu</td><td class=\"wrap\">%s</td></tr>\n",
             k->name, label_others(k->others).s, k->kind, k->times, k->reason);
    }
    html(out, "</tbody></table></div>\n");
    html_section_end(out);
}
