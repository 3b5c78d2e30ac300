/* peers_onednn_product.c: see peers_onednn_product.h. Only file that includes dnnl.h and omp.h. */
#include "peers_onednn_product.h"

#include <oneapi/dnnl/dnnl.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct product {
    product_form form;
    dnnl_memory_desc_t a, weights, c, scratchpad;
    dnnl_primitive_t primitive;
    struct product *next;
};

static dnnl_engine_t cpu;
static void make_engine(void) {
    if (dnnl_engine_create(&cpu, dnnl_cpu, 0) != dnnl_success) cpu = NULL;
}
static bool have_engine(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, make_engine) == 0 && cpu;
}

static dnnl_data_type_t type_of(mot_dtype dtype) { return dtype == MOT_BF16 ? dnnl_bf16 : dnnl_f32; }

static dnnl_memory_desc_t matrix(size_t rows, size_t columns, mot_dtype dtype, size_t row_stride,
                                 size_t column_stride) {
    const dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns},
                      strides = {(dnnl_dim_t)row_stride, (dnnl_dim_t)column_stride};
    dnnl_memory_desc_t d = {0};
    dnnl_memory_desc_init_by_strides(&d, 2, dims, type_of(dtype), strides);
    return d;
}

static dnnl_memory_desc_t weights_as_they_lie(const product_form *f) {
    return matrix(f->k, f->n, f->in, f->b_stride, 1);
}

static dnnl_memory_desc_t weights_wanted(const product_form *f, const product *like) {
    const dnnl_dims_t dims = {(dnnl_dim_t)f->k, (dnnl_dim_t)f->n};
    dnnl_memory_desc_t d = {0};
    if (like) return like->weights;
    if (!f->packed) return weights_as_they_lie(f);
    dnnl_memory_desc_init_by_tag(&d, 2, dims, type_of(f->in), dnnl_format_tag_any);
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

static bool make_product(product *p, const product *like) {
    const product_form *f = &p->form;
    dnnl_primitive_desc_t described = NULL;
    p->a = f->transpose_a ? matrix(f->m, f->k, f->in, 1, f->a_stride) : matrix(f->m, f->k, f->in, f->a_stride, 1);
    p->c = matrix(f->m, f->n, f->out, f->c_stride, 1);
    p->weights = weights_wanted(f, like);
    if (!have_engine() || !describe(&described, p)) return false;
    p->weights = *dnnl_primitive_desc_query_md(described, dnnl_query_weights_md, 0);
    p->scratchpad = *dnnl_primitive_desc_query_md(described, dnnl_query_scratchpad_md, 0);
    const bool ok = dnnl_primitive_create(&p->primitive, described) == dnnl_success;
    dnnl_primitive_desc_destroy(described);
    return ok;
}

static product *add_product(product *known, const product_form *form, const product *like) {
    product *p = malloc(sizeof *p);
    if (!p) return NULL;
    *p = (product){.form = *form, .next = known};
    if (make_product(p, like)) return p;
    free(p);
    return NULL;
}

static bool same_form(const product_form *a, const product_form *b) {
    return a->m == b->m && a->n == b->n && a->k == b->k && a->a_stride == b->a_stride && a->b_stride == b->b_stride &&
           a->c_stride == b->c_stride && a->transpose_a == b->transpose_a && a->packed == b->packed && a->in == b->in &&
           a->out == b->out;
}

/* The newest first: who looks for one has most likely just made it. */
static product *look_up(product *known, const product_form *form, const product *like) {
    while (known &&
           !(same_form(&known->form, form) && (!like || dnnl_memory_desc_equal(&like->weights, &known->weights))))
        known = known->next;
    return known;
}

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(product *) products;

const product *product_find(const product_form *form, const product *like) {
    product *p = look_up(atomic_load(&products), form, like);
    if (p) return p;
    pthread_mutex_lock(&making);
    p = look_up(atomic_load(&products), form, like);
    if (!p && (p = add_product(atomic_load(&products), form, like))) atomic_store(&products, p);
    pthread_mutex_unlock(&making);
    return p;
}

/* The library keeps what it has made as well, until it is told to keep none. */
static void forget(void) {
    int capacity;
    if (dnnl_get_primitive_cache_capacity(&capacity) != dnnl_success) return;
    dnnl_set_primitive_cache_capacity(0);
    dnnl_set_primitive_cache_capacity(capacity);
}

void product_leave(void) {
    product *p = atomic_exchange(&products, NULL);
    if (!p) return;
    for (product *next; p; p = next) {
        next = p->next;
        dnnl_primitive_destroy(p->primitive);
        free(p);
    }
    forget();
}

const product_form *product_form_of(const product *p) { return &p->form; }

static size_t aligned_size(const dnnl_memory_desc_t *d) { return (dnnl_memory_desc_get_size(d) + 63) / 64 * 64; }
size_t product_weights_bytes(const product *p) { return aligned_size(&p->weights); }
size_t product_scratchpad_bytes(const product *p) { return aligned_size(&p->scratchpad); }

/* ---- running ---- */

void *product_stream_begin(void) {
    dnnl_stream_t stream = NULL;
    if (have_engine()) dnnl_stream_create(&stream, cpu, dnnl_stream_default_flags);
    return stream;
}

void product_stream_end(void *stream) { dnnl_stream_destroy(stream); }

static pthread_key_t own_key;
static void make_own_key(void) { pthread_key_create(&own_key, free); }

/* The thread's own scratchpad: its size stands in front of it. NULL: no memory. */
static void *own_scratchpad(size_t bytes) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_own_key);
    size_t *own = pthread_getspecific(own_key);
    if (!own || *own < bytes) {
        free(own);
        own = aligned_alloc(64, 64 + bytes);
        if (own) *own = bytes;
        pthread_setspecific(own_key, own);
    }
    return own ? (char *)own + 64 : NULL;
}

static dnnl_memory_t memory_at(const dnnl_memory_desc_t *d, const void *data) {
    dnnl_memory_t memory = NULL;
    dnnl_memory_create(&memory, d, cpu, (void *)data);
    return memory;
}

void product_run(const product *p, void *stream, const void *a, const void *weights, void *c, void *scratchpad) {
    void *room = scratchpad ? scratchpad : own_scratchpad(product_scratchpad_bytes(p));
    if (!room) return; /* C keeps what it held, and the witness of measure tells */
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, memory_at(&p->a, a)},
                                    {DNNL_ARG_WEIGHTS, memory_at(&p->weights, weights)},
                                    {DNNL_ARG_DST, memory_at(&p->c, c)},
                                    {DNNL_ARG_SCRATCHPAD, memory_at(&p->scratchpad, room)}};
    dnnl_primitive_execute(p->primitive, stream, 4, args);
    for (int i = 0; i < 4; i++) dnnl_memory_destroy(args[i].memory);
}

product_calls product_begin(const product *p) {
    if (!p) return (product_calls){0};
    return (product_calls){p,
                           product_stream_begin(),
                           {memory_at(&p->a, NULL), memory_at(&p->weights, NULL), memory_at(&p->c, NULL),
                            memory_at(&p->scratchpad, NULL)}};
}

void product_call(const product_calls *calls, const void *a, const void *weights, void *c) {
    static const int name[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
    void *room = calls->product ? own_scratchpad(product_scratchpad_bytes(calls->product)) : NULL;
    void *const at[] = {(void *)a, (void *)weights, c, room};
    dnnl_exec_arg_t args[4];
    if (!room) return;
    for (int i = 0; i < 4; i++) {
        dnnl_memory_set_data_handle(calls->memory[i], at[i]);
        args[i] = (dnnl_exec_arg_t){name[i], calls->memory[i]};
    }
    dnnl_primitive_execute(calls->product->primitive, calls->stream, 4, args);
}

void product_end(product_calls *calls) {
    for (int i = 0; i < 4; i++) dnnl_memory_destroy(calls->memory[i]);
    if (calls->product) product_stream_end(calls->stream);
}

void product_pack(const product *p, void *stream, const void *from, void *packed) {
    const dnnl_memory_desc_t plain = weights_as_they_lie(&p->form);
    dnnl_primitive_desc_t described = NULL;
    dnnl_primitive_t primitive = NULL;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, memory_at(&plain, from)},
                                    {DNNL_ARG_TO, memory_at(&p->weights, packed)}};
    if (dnnl_reorder_primitive_desc_create(&described, &plain, cpu, &p->weights, cpu, NULL) == dnnl_success &&
        dnnl_primitive_create(&primitive, described) == dnnl_success)
        dnnl_primitive_execute(primitive, stream, 2, args);
    for (int i = 0; i < 2; i++) dnnl_memory_destroy(args[i].memory);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(described);
}

/* dnnl_sgemm refuses only what supports() has refused before, and a lack of memory: then C keeps what it held, and the
 * witness of measure tells. */
void product_sgemm(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                   const float *b, size_t ldb, float *c, size_t ldc) {
    (void)dnnl_sgemm(transpose_a ? 'T' : 'N', 'N', (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, alpha, a,
                     (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb, 0, c, (dnnl_dim_t)ldc);
}

/* ---- the library ---- */

bool product_has_bf16(void) {
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static const char *isa_name(void) {
    switch ((int)dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_avx2:
        return "avx2";
    case dnnl_cpu_isa_avx512_core:
        return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx:
        return "avx512_core_amx";
    default:
        return NULL;
    }
}

const char *product_version(void) {
    static char text[64];
    const dnnl_version_t *v = dnnl_version();
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    if (isa_name())
        snprintf(text, sizeof text, "oneDNN %d.%d.%d %s", v->major, v->minor, v->patch, isa_name());
    else
        snprintf(text, sizeof text, "oneDNN %d.%d.%d isa 0x%x", v->major, v->minor, v->patch, isa);
    return text;
}

/* Inside a parallel region of several threads it computes alone by itself; a region of one does not count as one. */
void product_alone(void) { omp_set_num_threads(1); }
