#include "check.h"

#include "data_random.h"

#include <string.h>

typedef struct shape_sink {
    mot_shape *out;
    size_t count, capacity;
} shape_sink;

static void add(shape_sink *sink, mot_shape s) {
    if (sink->count < sink->capacity) sink->out[sink->count] = s;
    sink->count++;
}

static void add_named(shape_sink *sink) {
    static const mot_shape named[] = {
        {1, 1, 1, 1, 1},                            /* the smallest */
        {0, 4, 4, 16, 16},                          /* no groups: legal */
        {6, 32, 4, 24, 40},                         /* fewer experts than tokens */
        {6, 4, 32, 24, 40},                         /* more */
        {7, 11, 13, 37, 41},                        /* primes */
        {4, 32, 32, 64, 64},                        /* whole tiles */
        {2, 16, 48, 128, 192}, {12, 1, 1, 96, 256}, /* the dense FFN */
    };
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) add(sink, named[i]);
}

/* Each dimension through all small and odd sizes, the others at a base that has tails everywhere. */
static void add_curated(shape_sink *sink) {
    static const size_t size[] = {1, 2, 3, 5, 7, 9, 12, 15, 16, 17, 31, 33, 63, 65};
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        size_t n = size[i];
        add(sink, (mot_shape){n, 6, 5, 19, 21});
        add(sink, (mot_shape){3, n, 5, 19, 21});
        add(sink, (mot_shape){3, 6, n, 19, 21});
        add(sink, (mot_shape){3, 6, 5, n, 21});
        add(sink, (mot_shape){3, 6, 5, 19, n});
    }
}

/* Small sizes more often than large ones. */
static size_t random_size(uint32_t word, size_t largest) {
    size_t limit = 1 + (word >> 16) % largest;
    return 1 + (word & 0xffff) % limit;
}

static void add_random(shape_sink *sink, size_t count, size_t largest, uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word[5];
        random_words(seed, 0, 5 * i, 5, word);
        add(sink,
            (mot_shape){random_size(word[0], 12), random_size(word[1], largest / 2), random_size(word[2], largest / 2),
                        random_size(word[3], largest), random_size(word[4], largest)});
    }
}

static void add_published(shape_sink *sink) {
    static const mot_shape published[] = {{4, 32, 32, 512, 2048}, {2, 32, 512, 256, 64}, {1, 8, 8, 512, 2048}};
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) add(sink, published[i]);
}

size_t check_shapes(mot_shape *out, size_t capacity, const char *set, uint64_t seed) {
    shape_sink sink = {out, 0, capacity};
    if (strcmp(set, "smoke") == 0) {
        add_named(&sink);
    } else if (strcmp(set, "ci") == 0) {
        add_named(&sink), add_curated(&sink), add_random(&sink, 8, 80, seed);
    } else if (strcmp(set, "full") == 0) {
        add_named(&sink), add_curated(&sink), add_random(&sink, 200, 160, seed), add_published(&sink);
    }
    return sink.count < capacity ? sink.count : capacity;
}
