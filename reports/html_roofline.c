#include "html.h"
#include "ceilings_plot.h"

#include <math.h>
#include <string.h>

static double intensity(const bench_record *b) { return b->flops / b->bytes; }

static bool has_place(const bench_record *b) { return b->usable && intensity(b) > 0 && b->gflops > 0; }

/* Portable code is 20 times slower: on the picture it would press everything else into a corner. */
static bool is_scalar(const bench_record *b) { return model_is_ours(b) && strcmp(b->isa, "scalar") == 0; }

static void set_axes(plot *p, const table *t, limits l) {
    double x0 = l.peak / l.fastest, x1 = l.peak / l.slowest, y0 = l.peak / 8;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->blocks[i].count; k++) {
            const bench_record *b = t->blocks[i].rows[k].bench;
            if (!has_place(b)) continue;
            x0 = fmin(x0, intensity(b));
            x1 = fmax(x1, intensity(b));
            if (!is_scalar(b)) y0 = fmin(y0, b->gflops);
        }
    p->x =
        (plot_axis){.low = x0 / 3, .high = x1 * 3, .log = true, .title = "FLOPs per byte (every tensor touched once)"};
    p->y = (plot_axis){.low = y0 / 1.6, .high = l.peak * 1.5, .log = true, .title = "GFLOP/s"};
}

static enum plot_mark mark_of(const bench_record *b) {
    return !model_is_ours(b)                   ? PLOT_SQUARE
           : strcmp(b->isa, "scalar") == 0     ? PLOT_CROSS
           : strcmp(b->isa, "avx2") == 0       ? PLOT_TRIANGLE
           : strcmp(b->isa, "avx512bf16") == 0 ? PLOT_DIAMOND
           : strcmp(b->isa, "amx") == 0        ? PLOT_DIAMOND
                                               : PLOT_CIRCLE;
}

static void draw_dot(plot *p, const row *r) {
    const bench_record *b = r->bench;
    if (!has_place(b) || b->gflops < p->y.low) return;
    char classes[64], tip[512];
    snprintf(classes, sizeof classes, "%s %s", html_stage_class(b->stage), r->best ? "best" : "");
    snprintf(tip, sizeof tip, "%.200s: %s, %s GFLOP/s, %s FLOP/byte, %s of its ceiling", b->choice,
             label_time(b->time.value).s, label_number(b->gflops).s, label_number(intensity(b)).s,
             label_percent(b->pct_of_ceiling).s);
    plot_mark(p, mark_of(b), plot_x(p, intensity(b)), plot_y(p, b->gflops), r->best ? 6 : 4, classes, tip);
}

/* Before and after tuning: an arrow from the default's rate to the winner's. */
static void draw_tuning(plot *p, const model *m, const table *t) {
    for (size_t i = 0; i < m->records->tune_count; i++) {
        const tune_record *u = &m->records->tunes[i];
        const block *b = model_block(t, u->stage);
        if (!u->kept || !b || !b->best || strcmp(u->shape, t->shape) != 0 || strcmp(u->dtype, t->dtype) != 0 ||
            u->threads != t->threads)
            continue;
        const bench_record *best = b->best->bench;
        double x = plot_x(p, intensity(best)) - 11;
        double from = plot_y(p, best->flops / u->usual_ns), to = plot_y(p, best->flops / u->winner_ns);
        if (!isfinite(x + from + to)) continue;
        plot_take(p, (plot_box){x - 6, fmin(from, to) - 2, x + 6, fmax(from, to) + 2});
        html(p->out,
             "<g class=\"arrow %s\"><title>tuning: %s from %s to %s</title><path d=\"M%f %fV%fm-3.5 5l3.5 -5l3.5 "
             "5\"/><path d=\"M%f %fh8\"/></g>\n",
             html_stage_class(u->stage), u->stage, label_time(u->usual_ns).s, label_time(u->winner_ns).s, x, from, to,
             x - 4, from);
    }
}

static void name_best(plot *p, const table *t) {
    for (size_t i = 0; i < t->count; i++) {
        const bench_record *b = t->blocks[i].best ? t->blocks[i].best->bench : NULL;
        if (!b || !has_place(b) || b->gflops < p->y.low) continue;
        char name[128];
        snprintf(name, sizeof name, "%.40s %s", b->stage, label_number(b->gflops).s);
        plot_label(p, plot_x(p, intensity(b)), plot_y(p, b->gflops), 11, name, "dotname");
    }
}

/* What lies below the picture, in words. */
static void say_what_is_below(const plot *p, const table *t, FILE *out) {
    double low = INFINITY, high = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        for (size_t k = 0; k < t->blocks[i].count; k++) {
            const bench_record *b = t->blocks[i].rows[k].bench;
            if (!has_place(b) || b->gflops >= p->y.low) continue;
            low = fmin(low, b->gflops);
            high = fmax(high, b->gflops);
            n++;
        }
    if (n)
        html(out, "<p class=\"note\">Below the picture: %zu choice%s at %s to %s GFLOP/s.</p>\n", n, n == 1 ? "" : "s",
             label_number(low).s, label_number(high).s);
}

static void draw(const model *m, const table *t, FILE *out) {
    limits l = html_limits(m->records, t->threads, t->dtype);
    if (!(l.peak > 0) || !(l.fastest > 0)) return;
    plot p = {.out = out, .width = 824, .height = 460, .left = 52, .right = 640, .top = 34, .bottom = 404};
    set_axes(&p, t, l);
    plot_open(out, p.width, p.height, "Roofline: measured ceilings and one mark per choice");
    plot_grid(&p);
    html_ceilings(&p, m->records, l, t->dtype);
    draw_tuning(&p, m, t);
    for (int best = 0; best < 2; best++) /* the best on top */
        for (size_t i = 0; i < t->count; i++)
            for (size_t k = 0; k < t->blocks[i].count; k++)
                if (t->blocks[i].rows[k].best == best) draw_dot(&p, &t->blocks[i].rows[k]);
    name_best(&p, t);
    plot_close(out);
    say_what_is_below(&p, t, out);
}

static bool has_isa(const records *r, const char *isa) {
    for (size_t i = 0; i < r->bench_count; i++)
        if (strcmp(r->benches[i].isa, isa) == 0) return true;
    return false;
}

static void legend(const records *r, FILE *out) {
    static const char *const stages[] = {"layer", "route", "mix", "front", "experts", "redistribute"};
    static const struct {
        enum plot_mark mark;
        const char *name;
    } marks[] = {{PLOT_CIRCLE, "AVX-512"},
                 {PLOT_TRIANGLE, "AVX2"},
                 {PLOT_CROSS, "scalar"},
                 {PLOT_SQUARE, "peer library"},
                 {PLOT_DIAMOND, "AVX512_BF16, AMX"}};
    const int shown = has_isa(r, "avx512bf16") || has_isa(r, "amx") ? 5 : 4;
    html(out, "<ul class=\"legend\">");
    for (int i = 0; i < 6; i++)
        html(out, "<li><span class=\"dot %s\"></span>%s</li>", html_stage_class(stages[i]), stages[i]);
    for (int i = 0; i < shown; i++) {
        html(out, "<li><svg class=\"glyph\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">");
        plot p = {.out = out};
        plot_mark(&p, marks[i].mark, 7, 7, 4.5, "s-ink", "");
        html(out, "</svg>%s</li>", marks[i].name);
    }
    html(out, "<li>large: best of its stage</li></ul>\n");
}

void html_roofline(const model *m, FILE *out) {
    enum { OTHERS = 12 };
    if (!m->headline || !m->records->ceiling_count) return;
    html_section(out, "roofline", "Roofline",
                 "Ceilings are measured in the same run on the same cores: FLOP rate per instruction set (level) and "
                 "read bandwidth per "
                 "memory level (sloped). Marks of one stage share a column, since their FLOPs and bytes are the same; "
                 "higher is faster. "
                 "Hover for the numbers; arrows go from the default to the tuned choice.");
    legend(m->records, out);
    html(out, "<h3><code>%s</code> <small>", m->headline->shape);
    html_conditions(out, m->headline);
    html(out, "</small></h3>\n");
    draw(m, m->headline, out);
    for (size_t i = 0, drawn = 0; i < m->table_count && drawn < OTHERS; i++) {
        const table *t = &m->tables[i];
        if (t == m->headline) continue;
        drawn++;
        html(out, "<details><summary><code>%s</code> <small>", t->shape);
        html_conditions(out, t);
        html(out, "</small></summary>\n");
        draw(m, t, out);
        html(out, "</details>\n");
    }
    html_section_end(out);
}
