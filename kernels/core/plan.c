/* plan.c: a whole layer: its steps one after the other, for as many groups at once as stay in cache. */
#include "plan.h"

#include "arguments.h"
#include "threads.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
/* SIZE_MAX where the sum does not fit: no allocation of it succeeds. */
static size_t add(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

static size_t bytes_of(const mot_plan *plan, const mot_shape *s, enum mot_tensor tensor) {
    return mot_tensor_span(s, mot_plan_dtype(plan), tensor, NULL).bytes;
}

/* Many groups and few weights: each thread takes its groups through all steps, in parts that stay in its cache. P, M
 * and Y then neither go through memory nor from one core to another (where cores do not share a cache, as slow as
 * memory); but each part reads all weights once more. Otherwise there is one part, whose steps all threads share. */
enum { PART_BYTES = 1 << 20, LARGEST_PART = 4 << 20, LEAST_GROUPS = 32 };

static size_t parts_of(const mot_plan *plan, const mot_shape *s, int threads) {
    const double weights = 2 * (double)bytes_of(plan, s, MOT_W1);
    const double all = (double)bytes_of(plan, s, MOT_P) + 2 * (double)bytes_of(plan, s, MOT_MIXED);
    const size_t most = s->groups / LEAST_GROUPS, wanted = least(most, (size_t)(all / PART_BYTES) + 1);
    const size_t parts = wanted / (size_t)threads * (size_t)threads;
    const bool peer = plan->step[0].variant->mr == 0; /* packs its weights for all groups */
    if (peer || parts < 2 || all > LARGEST_PART * (double)parts) return 1;
    return weights > LARGEST_PART && weights * (double)(parts - 1) > 2 * all ? 1 : parts;
}

/* What all threads know of a run, and the workspace's map: for each thread that has parts of its own, or for all
 * | p (G,T,E) | mixed (E,G,D) | y (E,G,D) | scratch: one piece per thread |, G: the groups of a part. */
typedef struct layer_job {
    const mot_plan *plan;
    const mot_shape *shape;
    const mot_tensors *tensors;
    char *workspace;
    size_t parts, groups; /* of the largest part */
    int threads, sharing; /* sharing: those that work on one part together */
    size_t mixed, y, scratch, bytes;
} layer_job;

static layer_job lay_out(const mot_plan *plan, const mot_shape *s, int threads) {
    layer_job j = {.plan = plan, .shape = s, .threads = threads, .parts = parts_of(plan, s, threads)};
    j.sharing = j.parts == 1 ? threads : 1;
    j.groups = (s->groups + j.parts - 1) / j.parts;
    mot_shape part = *s;
    part.groups = j.groups;
    j.mixed = mot_align64(bytes_of(plan, &part, MOT_P));
    j.y = j.mixed + mot_align64(bytes_of(plan, &part, MOT_MIXED));
    j.scratch = j.y + mot_align64(bytes_of(plan, &part, MOT_Y));
    size_t scratch = 0;
    for (int i = 0; i < plan->steps; i++) {
        const size_t need = mot_step_scratch_bytes(&plan->step[i], &part, j.sharing);
        if (need > scratch) scratch = need;
    }
    j.bytes = add(j.scratch, scratch);
    return j;
}

size_t mot_plan_workspace_bytes(const mot_plan *p, const mot_shape *s, int threads) {
    const layer_job j = lay_out(p, s, threads);
    return j.parts == 1 ? j.bytes : j.bytes * (size_t)threads;
}

/* The groups from `first` on that are a tensor of their own, at most `most`: whole rows of inner groups, or a piece of
 * one row. */
static mot_shape take(const mot_shape *s, size_t element, size_t first, size_t most, mot_tensors *t) {
    const mot_strides all = t->strides;
    const size_t inner = all.inner_groups, column = first % inner, rows = most / inner * inner;
    mot_shape part = *s;
    part.groups = column == 0 && rows ? rows : least(most, inner - column);
    t->strides.last_tokens = mot_group_tokens(s, &all, first + part.groups - 1);
    t->x = (const char *)t->x + mot_group_offset(&all, first) * element;
    t->out = (char *)t->out + mot_group_offset(&all, first) * element;
    return part;
}

static void run_part(const layer_job *j, char *workspace, size_t first, size_t end) {
    const size_t element = mot_dtype_bytes(mot_plan_dtype(j->plan));
    while (first < end) {
        mot_tensors t = *j->tensors;
        t.p = workspace;
        t.mixed = workspace + j->mixed;
        t.y = workspace + j->y;
        t.scratch = workspace + j->scratch;
        const mot_shape part = take(j->shape, element, first, least(end - first, j->groups), &t);
        for (int i = 0; i < j->plan->steps; i++) mot_step_run(&j->plan->step[i], &part, &t, j->sharing);
        first += part.groups;
    }
}

static void run_parts(void *data, int thread) {
    const layer_job *j = data;
    const size_t each = j->parts / (size_t)j->threads, from = each * (size_t)thread;
    for (size_t i = from; i < from + each; i++)
        run_part(j, j->workspace + j->bytes * (size_t)thread, mot_share(j->shape->groups, j->parts, i),
                 mot_share(j->shape->groups, j->parts, i + 1));
}

void mot_plan_run(const mot_plan *plan, const mot_shape *s, const mot_tensors *t, void *workspace, int threads) {
    layer_job j = lay_out(plan, s, threads);
    j.tensors = t;
    j.workspace = workspace;
    if (j.parts == 1)
        run_part(&j, workspace, 0, s->groups);
    else
        mot_threads_run(run_parts, &j, threads);
}
