/* measure_calibrate.c: how many calls make a sample, and who may take how many turns. */
#include "measure_run.h"
#include "timer.h"

#include <math.h>
#include <stdio.h>

enum { MAX_ITERATIONS = 1 << 24 };
static const double LONG_CALL_NS = 250e6; /* such a call warms itself up: 10 ms are below 4 % of it */

/* The fastest of three: an interruption must not look like a slow kernel. Long calls are taken at their word. */
static double quickest(side *s, long calls) {
    double best = side_time_calls(s, calls);
    for (int i = 1; i < 3 && best < LONG_CALL_NS; i++) best = fmin(best, side_time_calls(s, calls));
    return best;
}

/* Calls that take at least `need` ns, found by growing; 0: the clock does not say. */
static long calls_for(side *s, double need) {
    if (s->call_ns >= fmax(LONG_CALL_NS, need)) return 1;
    if (s->peer) s->peer->enter();
    for (long n = 1; n <= MAX_ITERATIONS;) {
        const double ns = quickest(s, n);
        s->call_ns = ns / (double)n;
        if (ns >= need) return n;
        const double grow = ns > 0 ? 1.2 * need / ns : 10;
        n = (long)ceil((double)n * fmin(fmax(grow, 1.5), 10));
    }
    return 0;
}

/* Tainted samples are made up for, as often again as there are rounds. */
static int most_rounds(const comparison *c) { return (int)fmin(2 * c->options.rounds, MEASURE_MAX_ROUNDS); }

bool comparison_calibrate(comparison *c, char *error, size_t error_size) {
    c->iterations = 1;
    for (size_t i = 0; i < c->count && comparison_goes_on(c, 0); i++) {
        side *s = &c->side[i];
        const long n = calls_for(s, c->min_sample_ns);
        if (n == 0) {
            snprintf(error, error_size, "the clock does not move while %s runs", s->contestant->name);
            return false;
        }
        if (n > c->iterations) c->iterations = n;
        s->warm = s->call_ns <= LONG_CALL_NS;
        s->turns = most_rounds(c);
    }
    return true;
}

static double turn_ns(const comparison *c, const side *s) { return s->call_ns * (double)(c->iterations + s->warm); }

/* The quickest of those that have no share yet (turns < 0). */
static side *next_quickest(const comparison *c) {
    side *quickest = NULL;
    for (size_t i = 0; i < c->count; i++) {
        side *s = &c->side[i];
        if (s->turns < 0 && (!quickest || s->call_ns < quickest->call_ns)) quickest = s;
    }
    return quickest;
}

/* Slow contestants (the scalar layer) must not eat the others' time. From the quickest on, each gets an even share of
 * what is left, and leaves what it does not need. Who cannot have all rounds for its share takes the first few, or one,
 * or, where even that takes half of what is left, none. */
void comparison_share_budget(comparison *c) {
    if (!c->deadline) return;
    double left = (double)(c->deadline - timer_now());
    for (size_t i = 0; i < c->count; i++) c->side[i].turns = -1;
    for (size_t n = c->count; n > 0; n--) {
        side *s = next_quickest(c);
        const double turn = turn_ns(c, s), share = left / (double)n, all = turn * c->options.rounds;
        const bool one = c->count == 1 || turn <= left / 2;
        s->turns = all <= share ? most_rounds(c) : share >= turn ? (int)(share / turn) : one;
        left -= fmin(all, s->turns * turn);
    }
}
