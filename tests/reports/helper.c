#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void save(const char *path, const char *text, size_t length) {
    remove(path); /* a new file: some file systems flush one that is truncated and closed */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static bool build(loaded *l, const char *const *texts, size_t count) {
    if (setjmp(l->store.out_of_memory)) return false;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "helper_%d_%zu.jsonl", (int)getpid(), i);
        save(path, texts[i], strlen(texts[i]));
        bool good = records_read(&l->records, &l->store, path, l->error, sizeof l->error);
        remove(path);
        if (!good) return false;
    }
    model_build(&l->model, &l->records, &l->store);
    return true;
}

loaded *load_texts(const char *const *texts, size_t count) {
    loaded *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->good = build(l, texts, count);
    return l;
}

loaded *load_text(const char *text) { return load_texts(&text, 1); }

void unload(loaded *l) {
    store_free(&l->store);
    free(l);
}

const char *bench_line(const char *stage, const char *variant, const char *isa, const char *library,
                       const char *samples, const char *fields) {
    static char lines[32][2048];
    static unsigned turn;
    char *line = lines[turn++ % 32];
    snprintf(
        line, sizeof lines[0],
        "{\"type\":\"bench\",\"name\":\"%s/g4t4e4d8h16/t2/hot\",\"status\":\"ok\",\"shape\":\"g4t4e4d8h16\",\"stage\":"
        "\"%s\",\"variant\":\"%s\",\"config\":\"%s\",\"isa\":\"%s\",\"library\":\"%s\",\"dtype\":\"f32\",\"threads\":2,"
        "\"cache\":\"hot\",\"group\":\"\",\"samples_ns\":[%s]%s%s}\n",
        variant, stage, variant, variant, isa, library, samples, *fields ? "," : "", fields);
    return line;
}

const bench_record *find_bench(const loaded *l, const char *variant) {
    for (size_t i = 0; i < l->records.bench_count; i++)
        if (strcmp(l->records.benches[i].variant, variant) == 0) return &l->records.benches[i];
    fail_msg("no row of %s", variant);
    return NULL;
}

const row *find_row(const loaded *l, const char *variant) {
    for (size_t i = 0; i < l->model.table_count; i++)
        for (size_t k = 0; k < l->model.tables[i].count; k++)
            for (size_t n = 0; n < l->model.tables[i].blocks[k].count; n++)
                if (strcmp(l->model.tables[i].blocks[k].rows[n].bench->variant, variant) == 0)
                    return &l->model.tables[i].blocks[k].rows[n];
    fail_msg("no row of %s", variant);
    return NULL;
}
