/* export_csv.c: one line an entry, RFC 4180 (but LF). */
#include "export_internal.h"

#include <math.h>
#include <string.h>

static const char *const numbers[] = {"median_ns", "low_ns",      "high_ns",     "default_ns",
                                      "speedup",   "speedup_low", "speedup_high"};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* Always quoted; a spreadsheet takes no formula from a text that starts with an apostrophe. */
static void put_text(FILE *out, const char *text) {
    fputs(strchr("=+-@\t\r", text[0]) && text[0] ? "\"'" : "\"", out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_entry(const export_profile *p, const export_entry *e, FILE *out) {
    fprintf(out, "%s,%s,%s,%d,%s,%zu,%zu,%zu,%zu,%zu,", mot_stage_name(e->stage), mot_dtype_name(e->dtype),
            export_isa_name(e), e->threads, export_cache_name(e->cache), e->shape.groups, e->shape.group_size,
            e->shape.experts, e->shape.d_model, e->shape.d_expert);
    fputc('"', out);
    for (int i = 0; i < e->steps; i++)
        fprintf(out, "%s%s", i ? "+" : "", e->step[i].text); /* no quotes by its syntax */
    fputc('"', out);
    for (int i = 0; i < NUMBERS; i++) {
        double value = export_evidence(e, numbers[i]);
        fputc(',', out);
        if (isfinite(value)) fprintf(out, "%.9g", value);
    }
    fputc(',', out);
    put_text(out, export_evidence_text(e, "date"));
    fputc(',', out);
    put_text(out, p->machine);
    fputc('\n', out);
}

bool export_csv(const export_profile *p, FILE *out) {
    fputs("stage,dtype,isa,threads,cache,g,t,e,d,h,choices", out);
    for (int i = 0; i < NUMBERS; i++) fprintf(out, ",%s", numbers[i]);
    fputs(",date,machine\n", out);
    for (size_t i = 0; i < p->count; i++) put_entry(p, &p->entries[i], out);
    return !ferror(out);
}
