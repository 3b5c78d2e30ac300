#include "writers.h"

#include <math.h>
#include <string.h>

/* RFC 4180; a leading =, +, - or @ would be run as a formula by a spreadsheet, so it gets an apostrophe before it. */
static void put_text(FILE *out, const char *text) {
    bool formula = *text && strchr("=+-@", *text);
    bool quote = formula || strpbrk(text, ",\"\r\n") || *text == ' ';
    if (quote) fputc('"', out);
    if (formula) fputc('\'', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    if (quote) fputc('"', out);
    fputc(',', out);
}

static void put_number(FILE *out, double value, char end) {
    if (isfinite(value)) fprintf(out, "%.9g", value);
    fputc(end, out);
}

static const row *find_row(const model *m, const bench_record *b) {
    for (size_t i = 0; i < m->table_count; i++)
        for (size_t k = 0; k < m->tables[i].count; k++)
            for (size_t n = 0; n < m->tables[i].blocks[k].count; n++)
                if (m->tables[i].blocks[k].rows[n].bench == b) return &m->tables[i].blocks[k].rows[n];
    return NULL;
}

static void put_row(const model *m, const bench_record *b, FILE *out) {
    const row *r = find_row(m, b);
    const dense_pair *d = model_pair_of(m, b);
    const char *const texts[] = {b->name,   b->status, b->reason,  b->shape, b->stage, b->variant,
                                 b->choice, b->isa,    b->library, b->dtype, b->cache, b->group};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) put_text(out, texts[i]);
    const double numbers[] = {b->dims.g,
                              b->dims.t,
                              b->dims.e,
                              b->dims.d,
                              b->dims.h,
                              b->threads,
                              (double)b->samples,
                              (double)b->tainted,
                              b->iterations,
                              b->time.value,
                              b->time.low,
                              b->time.high,
                              b->mad_ns,
                              b->min_ns,
                              b->flops,
                              b->bytes,
                              b->gflops,
                              b->gbps,
                              b->floor_ns,
                              b->pct_of_ceiling,
                              r ? r->over_scalar.value : NAN,
                              r ? r->over_blas.value : NAN,
                              r ? r->error_fraction : NAN,
                              r ? r->z_rms : NAN,
                              d ? d->ratio.value : NAN,
                              d ? d->ratio.low : NAN,
                              d ? d->ratio.high : NAN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) put_number(out, numbers[i], ',');
    put_number(out, d ? d->flops_ratio : NAN, '\n');
}

void write_csv(const model *m, FILE *out) {
    fputs(
        "name,status,reason,shape,stage,variant,choice,isa,library,dtype,cache,group,g,t,e,d,h,threads,samples,tainted,"
        "iterations,median_ns,low_ns,high_ns,mad_ns,min_ns,flops,bytes,gflops,gbps,floor_ns,pct_of_ceiling,"
        "times_scalar,times_openblas,error_fraction,z_rms,over_dense,over_dense_low,over_dense_high,flops_over_dense\n",
        out);
    for (size_t i = 0; i < m->records->bench_count; i++) put_row(m, &m->records->benches[i], out);
}
