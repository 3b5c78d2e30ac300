/* model_cliffs.c: points of a sweep that stick out of their line, and what in the samples may explain them. */
#include "label.h"
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double least_step = 1.10;

/* One point of a line between its neighbours. */
typedef struct trio {
    const bench_record *left, *here, *right;
} trio;

/* ---- what may explain it: true here and at neither neighbour */

static double element_bytes(const bench_record *b) { return strcmp(b->dtype, "bf16") == 0 ? 2 : 4; }

static bool is_power_of_two(double bytes) {
    int exponent;
    return frexp(bytes, &exponent) == 0.5;
}

/* Rows that far apart fall into the same few sets of a cache. */
static const char *why_rows(store *s, const trio *t) {
    static const struct {
        const char *letter, *tensor;
        size_t offset;
    } rows[] = {
        {"D", "x", offsetof(dims, d)}, {"H", "the hidden layer", offsetof(dims, h)}, {"E", "p", offsetof(dims, e)}};
    const bench_record *all[] = {t->here, t->left, t->right};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double bytes[3], size = *(const double *)((const char *)&t->here->dims + rows[i].offset);
        for (int k = 0; k < 3; k++)
            bytes[k] = *(const double *)((const char *)&all[k]->dims + rows[i].offset) * element_bytes(all[k]);
        if (bytes[0] >= 2048 && is_power_of_two(bytes[0]) && !is_power_of_two(bytes[1]) && !is_power_of_two(bytes[2]))
            return store_print(s, "rows of %s (%s = %g) are a power of two, %s, apart", rows[i].tensor, rows[i].letter,
                               size, label_bytes(bytes[0]).s);
    }
    return NULL;
}

/* Columns of the register tile in "experts_avx512_12x32{hb=512}"; 0 without one. */
static int panel_of(const char *choice) {
    int rows, columns;
    for (const char *at = choice; (at = strchr(at, '_')) != NULL && at < choice + strcspn(choice, "{"); at++)
        if (sscanf(at, "_%dx%d", &rows, &columns) == 2 && columns > 0) return columns;
    return 0;
}

static bool is_stage(const char *choice, const char *stage) {
    const size_t n = strlen(stage);
    return strncmp(choice, stage, n) == 0 && choice[n] == '_';
}

static const char *why_panel_of(store *s, const trio *t, const char *choice) {
    const int columns = panel_of(choice);
    const bool front = is_stage(choice, "front"), experts = is_stage(choice, "experts");
    const struct {
        bool used;
        const char *letter;
        size_t offset;
    } widths[] = {{front || is_stage(choice, "route"), "E", offsetof(dims, e)},
                  {!is_stage(choice, "route"), "D", offsetof(dims, d)},
                  {experts, "H", offsetof(dims, h)}};
    for (size_t i = 0; columns && i < sizeof widths / sizeof *widths; i++) {
        double rest[3];
        const bench_record *all[] = {t->here, t->left, t->right};
        for (int k = 0; k < 3; k++)
            rest[k] = fmod(*(const double *)((const char *)&all[k]->dims + widths[i].offset), columns);
        if (widths[i].used && rest[0] != 0 && rest[1] == 0 && rest[2] == 0)
            return store_print(s, "%s is no multiple of the %d columns of a panel of %s", widths[i].letter, columns,
                               choice);
    }
    return NULL;
}

static const char *why_panel(store *s, const trio *t) {
    const char *why = t->here->step_count ? NULL : why_panel_of(s, t, t->here->choice);
    for (size_t i = 0; !why && i < t->here->step_count; i++) why = why_panel_of(s, t, t->here->steps[i]);
    return why;
}

static const char *why_cache(store *s, const machine *m, const trio *t) {
    const struct {
        const char *name;
        double bytes;
    } levels[] = {{"L1d", m->l1d * t->here->threads}, {"L2", m->l2 * t->here->threads}, {"L3", m->l3}};
    for (int i = 2; i >= 0; i--)
        if (t->left->bytes <= levels[i].bytes && t->here->bytes > levels[i].bytes)
            return store_print(s, "its working set (%s) is the first that does not fit the %s (%s)",
                               label_bytes(t->here->bytes).s, levels[i].name, label_bytes(levels[i].bytes).s);
    return NULL;
}

static double tainted(const bench_record *b) { return b->samples ? (double)b->tainted / (double)b->samples : 0; }

static const char *why_taint(store *s, const trio *t) {
    const double here = tainted(t->here);
    if (here < 0.1 || here <= tainted(t->left) || here <= tainted(t->right)) return NULL;
    return store_print(s, "%zu of its %zu samples were disturbed", t->here->tainted, t->here->samples);
}

static bool has_step(const bench_record *b, const char *choice) {
    const size_t n = strcspn(choice, "{");
    for (size_t i = 0; i < b->step_count; i++)
        if (strncmp(b->steps[i], choice, n) == 0 && strcspn(b->steps[i], "{") == n) return true;
    return false;
}

/* A layer puts its stages together for each shape. */
static const char *why_choice(store *s, const trio *t) {
    for (size_t i = 0; i < t->here->step_count; i++) {
        const char *step = t->here->steps[i];
        if (!has_step(t->left, step) && !has_step(t->right, step))
            return store_print(s, "it runs %s, which its neighbours do not", step);
    }
    return NULL;
}

static const char *why(store *s, const machine *m, const trio *t) {
    const char *const reasons[] = {why_choice(s, t), why_panel(s, t), why_rows(s, t), why_cache(s, m, t),
                                   why_taint(s, t)};
    const char *all = NULL;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i]) all = all ? store_print(s, "%s; %s", all, reasons[i]) : reasons[i];
    return all ? store_print(s, "likely because %s", all) : "nothing in the samples explains it";
}

/* ---- finding it */

static bool has_floors(const trio *t) {
    return t->left->floor_ns > 0 && t->here->floor_ns > 0 && t->right->floor_ns > 0;
}

/* Times the floor; where one is not known, ns per FLOP. */
static interval cost(const trio *t, const bench_record *b) {
    const double least = has_floors(t) ? b->floor_ns : b->flops;
    return (interval){b->time.value / least, b->time.low / least, b->time.high / least};
}

static bool above(interval here, interval other) {
    return here.value > least_step * other.value && here.low > other.high;
}

static const char *amount(store *s, const trio *t, const bench_record *b) {
    return has_floors(t) ? store_print(s, "%s its floor", label_ratio(b->time.value / b->floor_ns).s)
                         : store_print(s, "%s GFLOP/s", label_number(b->flops / b->time.value).s);
}

static void judge(const model *m, store *s, sweep *w, series *line, size_t at) {
    point *p = &line->points[at];
    const point *before = p - 1, *after = p + 1;
    const trio t = {before->bench, p->bench, after->bench};
    const interval left = cost(&t, t.left), here = cost(&t, t.here), right = cost(&t, t.right);
    if (!(left.low > 0 && here.low > 0 && right.low > 0)) return;
    w->judged++;
    if (!above(here, left) || !above(here, right)) return;
    p->cliff_factor = here.value / fmax(left.value, right.value);
    p->cliff = store_print(s, "%s at %s = %g: %s, but %s at %g and %s at %g; %s", line->label, w->letter, p->x,
                           amount(s, &t, t.here), amount(s, &t, t.left), before->x, amount(s, &t, t.right), after->x,
                           why(s, &m->records->machine, &t));
    w->cliffs++;
}

void model_cliffs(model *m, store *s) {
    for (size_t i = 0; i < m->sweep_count; i++)
        for (size_t k = 0; k < m->sweeps[i].count; k++) {
            series *line = &m->sweeps[i].series[k];
            if (!model_is_ours(line->first)) continue;
            for (size_t n = 1; n + 1 < line->count; n++) judge(m, s, &m->sweeps[i], line, n);
        }
}
