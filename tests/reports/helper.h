/* helper.h: sample files written and read back by the tests of the report. */
#ifndef TESTS_REPORTS_HELPER_H
#define TESTS_REPORTS_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model.h"

#define RUN_LINE                                                                                                       \
    "{\"type\":\"run\",\"schema\":1,\"argv\":[\"motbench\",\"bench\"],\"host\":{\"name\":\"example\",\"cpu\":\"E\","   \
    "\"fingerprint\":\"one\"}}\n"
#define END_LINE "{\"type\":\"end\",\"complete\":true,\"exit\":0}\n"

typedef struct loaded {
    store store;
    records records;
    model model;
    char error[512];
    bool good;
} loaded;

void save(const char *path, const char *text, size_t length);
/* Reads the texts as one sample file each and builds the model. */
loaded *load_texts(const char *const *texts, size_t count);
loaded *load_text(const char *text);
void unload(loaded *);
/* A bench line of one shape, g4t4e4d8h16, with the given samples; fields is more JSON, or "". */
const char *bench_line(const char *stage, const char *variant, const char *isa, const char *library,
                       const char *samples, const char *fields);
const bench_record *find_bench(const loaded *, const char *variant);
const row *find_row(const loaded *, const char *variant);

#endif
