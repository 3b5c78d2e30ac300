/* peers_onednn.c: oneDNN as a peer: dnnl_sgemm on tensors as they lie, and experts through its matmul primitive with
 * weights in the layout of its choice. Only file that includes dnnl.h and omp.h. */
#include <oneapi/dnnl/dnnl.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define LIBRARY "onednn"

/* dnnl_sgemm refuses only what supports() has refused before, and a lack of memory: then C keeps what it held, and the
 * witness of measure tells. */
static void multiply(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                     const float *b, size_t ldb, float *c, size_t ldc) {
    (void)dnnl_sgemm(transpose_a ? 'T' : 'N', 'N', (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, alpha, a,
                     (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb, 0, c, (dnnl_dim_t)ldc);
}

#include "peers_blocks.h"
#include "peers_compose.inl"

/* ---- products with packed weights: made once for a size and kept, since making one generates code ---- */

typedef struct product {
    size_t m, n, k;
    dnnl_memory_desc_t a, weights, c, scratchpad;
    dnnl_primitive_t primitive;
    struct product *next;
} product;

static dnnl_engine_t cpu;
static void make_engine(void) {
    if (dnnl_engine_create(&cpu, dnnl_cpu, 0) != dnnl_success) cpu = NULL;
}
static bool have_engine(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, make_engine) == 0 && cpu;
}

static dnnl_memory_desc_t matrix(size_t rows, size_t columns, dnnl_format_tag_t layout) {
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    dnnl_memory_desc_t d = {0};
    dnnl_memory_desc_init_by_tag(&d, 2, dims, dnnl_f32, layout);
    return d;
}

/* The scratchpad is the caller's: the library's own would be one a thread for all primitives, and grow while timed. */
static bool describe(dnnl_primitive_desc_t *out, const product *p) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_matmul_desc_t op;
    const bool ok = dnnl_primitive_attr_create(&attr) == dnnl_success &&
                    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success &&
                    dnnl_matmul_desc_init(&op, &p->a, &p->weights, NULL, &p->c) == dnnl_success &&
                    dnnl_primitive_desc_create(out, &op, attr, cpu, NULL) == dnnl_success;
    if (attr) dnnl_primitive_attr_destroy(attr);
    return ok;
}

/* weights NULL: in the layout that the library likes best for this size. */
static bool make_product(product *p, const dnnl_memory_desc_t *weights) {
    dnnl_primitive_desc_t described = NULL;
    p->a = matrix(p->m, p->k, dnnl_ab);
    p->c = matrix(p->m, p->n, dnnl_ab);
    p->weights = weights ? *weights : matrix(p->k, p->n, dnnl_format_tag_any);
    if (!have_engine() || !describe(&described, p)) return false;
    p->weights = *dnnl_primitive_desc_query_md(described, dnnl_query_weights_md, 0);
    p->scratchpad = *dnnl_primitive_desc_query_md(described, dnnl_query_scratchpad_md, 0);
    const bool ok = dnnl_primitive_create(&p->primitive, described) == dnnl_success;
    dnnl_primitive_desc_destroy(described);
    return ok;
}

static product *add_product(product *known, size_t m, size_t n, size_t k, const dnnl_memory_desc_t *weights) {
    product *p = malloc(sizeof *p);
    if (!p) return NULL;
    *p = (product){.m = m, .n = n, .k = k, .next = known};
    if (make_product(p, weights)) return p;
    free(p);
    return NULL;
}

/* The newest first: who looks for one has most likely just made it. A product that exists is found without a lock. */
static const product *find_product(size_t m, size_t n, size_t k, const dnnl_memory_desc_t *weights) {
    static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
    static _Atomic(product *) products;
    for (int turn = 0; turn < 2; turn++) {
        const product *p = atomic_load(&products);
        while (p &&
               !(p->m == m && p->n == n && p->k == k && (!weights || dnnl_memory_desc_equal(weights, &p->weights))))
            p = p->next;
        if (p) return p;
        pthread_mutex_lock(&making);
        product *made = add_product(atomic_load(&products), m, n, k, weights);
        if (made) atomic_store(&products, made);
        pthread_mutex_unlock(&making);
        if (!made) return NULL;
    }
    return NULL;
}

static dnnl_memory_t memory_at(const dnnl_memory_desc_t *d, const void *data) {
    dnnl_memory_t memory = NULL;
    dnnl_memory_create(&memory, d, cpu, (void *)data);
    return memory;
}

static void execute(const product *p, dnnl_stream_t stream, const float *a, const void *weights, float *c,
                    void *scratchpad) {
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, memory_at(&p->a, a)},
                                    {DNNL_ARG_WEIGHTS, memory_at(&p->weights, weights)},
                                    {DNNL_ARG_DST, memory_at(&p->c, c)},
                                    {DNNL_ARG_SCRATCHPAD, memory_at(&p->scratchpad, scratchpad)}};
    dnnl_primitive_execute(p->primitive, stream, 4, args);
    for (int i = 0; i < 4; i++) dnnl_memory_destroy(args[i].memory);
}

/* ---- experts with packed weights: a unit is a block of rows of one expert ---- */

/* The two products of a block with so many rows. The layout of the weights is that of a whole block. */
typedef struct products {
    const product *up, *down;
} products;

static products products_of(const mot_shape *s, size_t rows) {
    const size_t whole = block_rows(s, ROWS), D = s->d_model, H = s->d_expert;
    products p = {find_product(whole, H, D, NULL), find_product(whole, D, H, NULL)};
    if (rows == whole || !p.up || !p.down) return p;
    return (products){find_product(rows, H, D, &p.up->weights), find_product(rows, D, H, &p.down->weights)};
}

static products last_products(const mot_shape *s) {
    const size_t count = block_count(s, ROWS);
    return products_of(s, count ? block_of(s, ROWS, count - 1).rows : 1);
}

static bool packed_fits(const mot_shape *s, const mot_config *config) {
    if (!fits(s, config)) return false;
    const products p = products_of(s, block_rows(s, ROWS)), last = last_products(s);
    return p.up && p.down && last.up && last.down;
}

static size_t packed_units(const mot_shape *s) { return s->experts * block_count(s, ROWS); }

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
static size_t weights_bytes(const product *p) { return aligned(dnnl_memory_desc_get_size(&p->weights)); }
static size_t expert_bytes(const products *p) { return weights_bytes(p->up) + weights_bytes(p->down); }
static size_t scratchpad_bytes(const product *p) { return aligned(dnnl_memory_desc_get_size(&p->scratchpad)); }
static size_t hidden_bytes(const mot_shape *s) { return aligned(block_rows(s, ROWS) * s->d_expert * sizeof(float)); }

/* A thread's scratch: | hidden | one expert's weights, where they come unpacked | scratchpad | */
static size_t packed_scratch(const mot_shape *s, const mot_config *config) {
    const products p[] = {products_of(s, block_rows(s, ROWS)), last_products(s)};
    size_t most = 0;
    (void)config;
    for (int i = 0; i < 2; i++) {
        if (scratchpad_bytes(p[i].up) > most) most = scratchpad_bytes(p[i].up);
        if (scratchpad_bytes(p[i].down) > most) most = scratchpad_bytes(p[i].down);
    }
    return hidden_bytes(s) + expert_bytes(&p[0]) + most;
}

static size_t pack_bytes(const mot_shape *s, const mot_config *config) {
    const products p = products_of(s, block_rows(s, ROWS));
    (void)config;
    return s->experts * expert_bytes(&p);
}

static void reorder(const product *p, dnnl_stream_t stream, const float *from, void *to) {
    const dnnl_memory_desc_t plain = matrix(p->k, p->n, dnnl_ab);
    dnnl_primitive_desc_t described = NULL;
    dnnl_primitive_t primitive = NULL;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, memory_at(&plain, from)},
                                    {DNNL_ARG_TO, memory_at(&p->weights, to)}};
    if (dnnl_reorder_primitive_desc_create(&described, &plain, cpu, &p->weights, cpu, NULL) == dnnl_success &&
        dnnl_primitive_create(&primitive, described) == dnnl_success)
        dnnl_primitive_execute(primitive, stream, 2, args);
    for (int i = 0; i < 2; i++) dnnl_memory_destroy(args[i].memory);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(described);
}

static void pack_expert(const products *p, dnnl_stream_t stream, const mot_shape *s, const mot_tensors *t, size_t e,
                        char *to) {
    const size_t at = e * s->d_model * s->d_expert;
    reorder(p->up, stream, (const float *)t->w1 + at, to);
    reorder(p->down, stream, (const float *)t->w2 + at, to + weights_bytes(p->up));
}

static void pack(const mot_shape *s, const mot_tensors *t, const mot_config *config, void *packed, mot_range experts) {
    const products p = products_of(s, block_rows(s, ROWS));
    dnnl_stream_t stream = NULL;
    (void)config;
    dnnl_stream_create(&stream, cpu, dnnl_stream_default_flags);
    for (size_t e = experts.begin; e < experts.end; e++)
        pack_expert(&p, stream, s, t, e, (char *)packed + e * expert_bytes(&p));
    dnnl_stream_destroy(stream);
}

static void experts_packed(const mot_shape *s, const mot_tensors *t, const mot_config *config, mot_range r) {
    const products whole = products_of(s, block_rows(s, ROWS)), last = last_products(s);
    float *hidden = t->scratch;
    char *own = (char *)t->scratch + hidden_bytes(s), *scratchpad = own + expert_bytes(&whole);
    dnnl_stream_t stream = NULL;
    (void)config;
    dnnl_stream_create(&stream, cpu, dnnl_stream_default_flags);
    for (size_t unit = r.begin; unit < r.end; unit++) {
        const block b = block_of(s, ROWS, unit);
        const products *p = b.rows == whole.up->m ? &whole : &last;
        const char *weights = t->packed ? (const char *)t->packed + b.expert * expert_bytes(&whole) : own;
        if (!t->packed && (unit == r.begin || b.first == 0)) pack_expert(&whole, stream, s, t, b.expert, own);
        execute(p->up, stream, (const float *)t->mixed + b.at, weights, hidden, scratchpad);
        relu(hidden, p->up->m * p->up->n);
        execute(p->down, stream, hidden, weights + weights_bytes(whole.up), (float *)t->y + b.at, scratchpad);
    }
    dnnl_stream_destroy(stream);
}

static const mot_variant variants[] = {PEER_COMPOSED(fits),
                                       {PEER_VARIANT(experts, EXPERTS, "_packed"), .supports = packed_fits,
                                        .units = packed_units, .scratch_bytes = packed_scratch,
                                        .pack_bytes = pack_bytes, .pack = pack, .run = experts_packed}};

/* "oneDNN 2.6.3 isa 0x3f": the effective instruction set decides its kernels. */
static const char *version(void) {
    static char text[64];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d isa 0x%x", v->major, v->minor, v->patch,
             (unsigned)dnnl_get_effective_cpu_isa());
    return text;
}

/* Inside a parallel region of several threads it computes alone by itself; a region of one does not count as one. */
static void enter(void) { omp_set_num_threads(1); }

const peer peer_onednn = {.library = LIBRARY,
                          .version = version,
                          .enter = enter,
                          .variants = variants,
                          .variant_count = sizeof variants / sizeof *variants};
