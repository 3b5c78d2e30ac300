#include "fixture.h"
#include "fixture_ways.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape {
    double g, t, e, d, h;
} shape;

static const shape shapes[] = {
    {64, 32, 32, 512, 2048}, {4, 32, 32, 768, 3072}, {64, 32, 128, 512, 256},   {32, 32, 32, 768, 3072},
    {256, 8, 8, 256, 1024},  {256, 8, 8, 512, 2048}, {16, 128, 128, 512, 2048}, {1024, 2, 2, 512, 2048},
};

typedef struct state {
    FILE *out;
    const fixture *f;
    uint32_t seed;
    const char *text;
    int comparison; /* 0: the rows do not say */
} state;

fixture fixture_full(void) {
    return (fixture){.shapes = 3,
                     .samples = 12,
                     .sweeps = true,
                     .grains = true,
                     .tune = true,
                     .checks = true,
                     .threads1 = true,
                     .bf16 = true,
                     .fingerprint = "Example-26-2-1-avx512-c2-l1d48-l2_1024-l3_32768"};
}

static double noise(state *s) {
    s->seed = s->seed * 1664525u + 1013904223u;
    return (double)(s->seed >> 8) / (1 << 24);
}

static double flops(const char *stage, shape s) {
    double small = 2 * s.g * s.t * s.d * s.e, soft = 5 * s.g * s.t * s.e;
    double experts = 4 * s.e * s.g * s.d * s.h + s.e * s.g * s.h;
    if (strcmp(stage, "route") == 0) return small + soft;
    if (strcmp(stage, "front") == 0) return 2 * small + soft;
    if (strcmp(stage, "experts") == 0) return experts;
    if (strcmp(stage, "layer") == 0) return 3 * small + soft + experts;
    return small;
}

/* Of f32, so 4 bytes a number. */
static double bytes(const char *stage, shape s) {
    double x = s.g * s.t * s.d, p = s.g * s.t * s.e, m = s.e * s.g * s.d, w = 2 * s.e * s.d * s.h;
    if (strcmp(stage, "route") == 0) return 4 * (x + s.d * s.e + p);
    if (strcmp(stage, "front") == 0) return 4 * (x + s.d * s.e + p + m);
    if (strcmp(stage, "experts") == 0) return 4 * (2 * m + w);
    if (strcmp(stage, "layer") == 0) return 4 * (2 * x + s.d * s.e + w);
    return 4 * (x + p + m);
}

/* bf16 halves the bytes, and the dot product of avx512bf16 doubles the peak. */
static double floor_ns(const way *w, shape s, int threads) {
    bool streams = strcmp(w->stage, "experts") == 0 || strcmp(w->stage, "layer") == 0;
    double peak = is_bf16(w) && strcmp(w->isa, "scalar") ? 201 : 103, size = bytes(w->stage, s) / (is_bf16(w) ? 2 : 1);
    return fmax(flops(w->stage, s) / (peak * threads), size / (streams ? 22.0 * threads : 75.0 * threads));
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Samples with a little drift and one disturbed one, and their statistics. */
static void put_samples(state *s, double ns) {
    int n = s->f->samples, taint = n > 6 && noise(s) < .3 ? (int)(noise(s) * n) : -1, clean = 0;
    double *sorted = malloc((size_t)n * sizeof *sorted);
    fprintf(s->out, "\"samples_ns\":[");
    for (int i = 0; i < n; i++) {
        double jitter = noise(s), drift = noise(s); /* drawn in this order by every compiler */
        double value = floor(ns * (1 + .006 * jitter + .002 * drift * i / n + (i == taint ? .04 : 0)));
        fprintf(s->out, "%s%.0f", i ? "," : "", value);
        if (i != taint) sorted[clean++] = value;
    }
    if (taint >= 0)
        fprintf(s->out, "],\"tainted\":[%d],", taint);
    else
        fprintf(s->out, "],\"tainted\":[],");
    qsort(sorted, (size_t)clean, sizeof *sorted, rising);
    int out = clean / 6;
    fprintf(s->out,
            "\"iterations\":%.0f,\"stop\":\"enough\",\"median_ns\":%.0f,\"low_ns\":%.0f,\"high_ns\":%.0f,\"mad_ns\":%."
            "0f,\"min_ns\":%.0f,",
            fmax(1, floor(2e6 / ns)), (sorted[(clean - 1) / 2] + sorted[clean / 2]) / 2, sorted[out],
            sorted[clean - 1 - out], .25 * (sorted[clean - 1] - sorted[0]), sorted[0]);
    free(sorted);
}

/* What a layer is put together from. */
static void put_steps(state *s, const way *w) {
    static const char *const plain[] = {"scalar_4x4", "avx2_6x16", "avx512_12x32", "blas_openblas"};
    const char *end = strcmp(w->library, "mot")       ? plain[3]
                      : strcmp(w->isa, "scalar") == 0 ? plain[0]
                      : strcmp(w->isa, "avx2") == 0   ? plain[1]
                                                      : plain[2];
    fprintf(s->out, "\"config\":[\"route_%s\",\"mix_%s\",\"experts_%s\",\"redistribute_%s\"],", end, end, end, end);
}

static void put_bf16_steps(state *s, const way *w) {
    char small[64] = "scalar_bf16_4x4", experts[64] = "scalar_bf16_4x4";
    if (strcmp(w->library, "mot")) {
        snprintf(small, sizeof small, "blas_%s_bf16", w->library);
        snprintf(experts, sizeof experts, "%s%s", small, strstr(w->variant, "_packed") ? "_packed" : "");
    } else if (strcmp(w->isa, "scalar")) {
        strcpy(small, "avx512bf16_bf16_6x64");
        strcpy(experts, "avx512bf16_bf16_14x32");
    }
    fprintf(s->out, "\"config\":[\"route_%s\",\"mix_%s\",\"experts_%s\",\"redistribute_%s\"],", small, small, experts,
            small);
}

static void put_config(state *s, const way *w) {
    if (strcmp(w->stage, "layer") != 0)
        fprintf(s->out, "\"config\":\"%s\",", w->variant);
    else if (strcmp(w->variant, "layer_tuned") == 0)
        fprintf(s->out,
                "\"config\":[\"front_avx512_12x32\",\"experts_avx512_14x32{hb=512}\",\"redistribute_avx512_12x32\"],");
    else if (is_bf16(w))
        put_bf16_steps(s, w);
    else
        put_steps(s, w);
}

static void put_bench(state *s, const way *w, shape k, int threads, const char *group, double share,
                      const char *stage) {
    double f = flops(w->stage, k), b = bytes(w->stage, k) / (is_bf16(w) ? 2 : 1), least = floor_ns(w, k, threads);
    double ns = least / share;
    fprintf(s->out,
            "{\"type\":\"bench\",\"name\":\"%s%s/g%.0ft%.0fe%.0fd%.0fh%.0f/t%d/"
            "cold-weights\",\"hash\":\"0123456789abcdef\",\"status\":\"ok\",\"reason\":\"\",",
            w->variant, s->text, k.g, k.t, k.e, k.d, k.h, threads);
    fprintf(s->out,
            "\"shape\":\"g%.0ft%.0fe%.0fd%.0fh%.0f\",\"dims\":{\"g\":%.0f,\"t\":%.0f,\"e\":%.0f,\"d\":%.0f,\"h\":%.0f},"
            "\"stage\":\"%s\",\"variant\":\"%s%s\",",
            k.g, k.t, k.e, k.d, k.h, k.g, k.t, k.e, k.d, k.h, stage, w->variant, s->text);
    put_config(s, w);
    fprintf(s->out,
            "\"isa\":\"%s\",\"library\":\"%s\",\"dtype\":\"%s\",\"threads\":%d,\"cache\":\"cold-weights\",\"group\":"
            "\"%s\",",
            w->isa, w->library, is_bf16(w) ? "bf16" : "f32", threads, group);
    if (s->comparison) fprintf(s->out, "\"comparison\":%d,", s->comparison);
    put_samples(s, ns);
    fprintf(s->out,
            "\"flops\":%.0f,\"bytes\":%.0f,\"gflops\":%.2f,\"gbps\":%.2f,\"floor_ns\":%.0f,\"pct_of_ceiling\":%.1f,", f,
            b, f / ns, b / ns, least, 100 * share);
    fprintf(s->out,
            "\"counters\":{\"PAPI_TOT_CYC\":null,\"task_clock_ns\":%.0f},\"counters_reason\":{\"PAPI_TOT_CYC\":\"no "
            "PMU in this VM%s\"}}\n",
            ns * threads * .998, s->text);
}

static void put_run(state *s) {
    FILE *o = s->out;
    fprintf(o,
            "{\"type\":\"run\",\"schema\":1,\"argv\":[\"motbench\",\"run\",\"--budget\",\"60\",\"--out\",\"a "
            "b%s.jsonl\"],\"time\":\"2026-11-22T10:00:00Z\",",
            s->text);
    fprintf(o, "\"version\":\"0.1.0\",\"revision\":\"0123456789ab\",\"dirty\":false,\"compiler\":\"gcc "
               "12.2.0\",\"flags\":\"-O3 -ffp-contract=off\",\"seed\":42,");
    fprintf(o,
            "\"host\":{\"name\":\"example%s\",\"cpu\":\"Example EPX 9005 "
            "(synthetic)%s\",\"vendor\":\"Example\",\"family\":26,\"model\":2,\"stepping\":1,",
            s->text, s->text);
    fprintf(o, "\"isa\":\"avx512bf16\",\"isa_present\":[\"scalar\",\"avx2\",\"avx512\",\"avx512bf16\"],\"cores\":2,"
               "\"smt\":1,\"numa_"
               "nodes\":1,\"l1d\":49152,\"l2\":1048576,\"l3\":33554432,");
    fprintf(o, "\"memory\":25769803776,\"kernel\":\"6.1.0-example\",\"os\":\"Debian GNU/Linux 12 "
               "(bookworm)\",\"virtualisation\":\"kvm\",\"governor\":\"unknown\",");
    fprintf(o, "\"aslr\":2,\"thp\":\"madvise\",\"load1\":0.12,\"steal_pct\":0.4,\"fingerprint\":\"%s\"},",
            s->f->fingerprint);
    fprintf(o, "\"gpu\":{\"present\":false,\"reason\":\"no "
               "driver\"},\"timer\":{\"name\":\"CLOCK_MONOTONIC_RAW\",\"resolution_ns\":1,\"overhead_ns\":24.5},");
    fprintf(o, "\"counters\":{\"provider\":\"PAPI "
               "7.0.0\",\"available\":[\"task_clock_ns\",\"page_faults\"],\"reason\":\"no PMU in this VM\"},");
    fprintf(o, "\"libraries\":{\"openblas\":\"OpenBLAS 0.3.21 SkylakeX, openmp\",\"onednn\":\"oneDNN 2.6.3 "
               "avx512_core_bf16\",\"libxsmm\":\"LIBXSMM 1.17 cpx\",\"hwloc\":\"2.9.0\"},\"doctor\":[");
    fprintf(o, "{\"name\":\"load\",\"grade\":\"ok\",\"found\":\"0.12\",\"advice\":\"\"},");
    fprintf(o,
            "{\"name\":\"virtual machine\",\"grade\":\"warn\",\"found\":\"kvm%s\",\"advice\":\"other guests may share "
            "these cores; compare only within one run\"},",
            s->text);
    fprintf(o, "{\"name\":\"clock\",\"grade\":\"unknown\",\"found\":\"no cpufreq in /sys\",\"advice\":\"the host sets "
               "the clock\"},");
    fprintf(o, "{\"name\":\"transparent huge pages\",\"grade\":\"bad\",\"found\":\"always\",\"advice\":\"echo madvise "
               "into /sys/kernel/mm/transparent_hugepage/enabled\"}]}\n");
}

static void put_ceilings(state *s) {
    static const struct {
        const char *name, *unit;
        double one, bytes;
    } list[] = {{"fma_scalar_f32", "GFLOP/s", 6.6, 0}, {"fma_avx2_f32", "GFLOP/s", 102.4, 0},
                {"fma_avx512_f32", "GFLOP/s", 103, 0}, {"fma_avx512bf16_bf16", "GFLOP/s", 201, 0},
                {"read_L1", "GB/s", 225, 24576},       {"read_L2", "GB/s", 90, 524288},
                {"read_L3", "GB/s", 81.5, 16777216},   {"read_DRAM", "GB/s", 22, 268435456},
                {"copy_DRAM", "GB/s", 12.5, 268435456}};
    for (int threads = 1; threads <= 2; threads++)
        for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
            double m = list[i].one * threads;
            fprintf(s->out,
                    "{\"type\":\"ceiling\",\"name\":\"%s\",\"unit\":\"%s\",\"threads\":%d,\"median\":%.4g,\"low\":%.4g,"
                    "\"high\":%.4g,\"bytes\":%.0f}\n",
                    list[i].name, list[i].unit, threads, m, m * .98, m * 1.01, list[i].bytes);
        }
}

/* The roundings to bf16 are most of its error, and the oracle expects them: z is nearer to 1. */
static void put_check(state *s, const way *w) {
    for (int k = 0; k < 3; k++) {
        double fraction = .002 + .05 * noise(s), rms = .2 + .4 * noise(s), most = 1.5 + 2 * noise(s);
        fprintf(s->out,
                "{\"type\":\"check\",\"choice\":\"%s%s\",\"stage\":\"%s\",\"shape\":\"g3t%de5d7h9\",\"seed\":42,"
                "\"verdict\":\"PASS\",\"reason\":\"\",\"fraction\":%.4f,\"z_rms\":%.3f,\"z_max\":%.2f,\"compared\":"
                "%d}\n",
                w->variant, s->text, w->stage, 5 + k, fraction, rms + (is_bf16(w) ? .5 : 0), most, 4096 * (k + 1));
    }
}

static void put_checks(state *s) {
    for (int i = 0; i < WAYS; i++) put_check(s, &ways[i]);
    fprintf(s->out,
            "{\"type\":\"check\",\"choice\":\"experts_amx_bf16\",\"stage\":\"experts\",\"shape\":\"g3t5e5d7h9\","
            "\"seed\":42,\"verdict\":\"SKIP\",\"reason\":\"no amx_bf16 in "
            "CPUID%s\",\"fraction\":null,\"z_rms\":null,\"z_max\":null,\"compared\":0}\n",
            s->text);
}

static void put_sweeps(state *s) {
    static const way lines[] = {{"layer", "layer_scalar", "scalar", "mot", .043},
                                {"layer", "layer_avx2", "avx2", "mot", .78},
                                {"layer", "layer_avx512", "avx512", "mot", .88},
                                {"layer", "layer_openblas", "scalar", "openblas", .75}};
    for (int i = 0; i < 4; i++) {
        bool blas = strcmp(lines[i].library, "mot") != 0;
        for (int t = 1; t <= 128; t *= 2) {
            shape k = {2048.0 / t, t, t, 512, 2048};
            double share = lines[i].share * (blas ? 1.14 - .1 * log2(t) : 1 - .012 * log2(t));
            put_bench(s, &lines[i], k, 2, "sweep-group", fmin(share, .97), "layer");
        }
        for (int e = 4; e <= 128; e *= 2) {
            shape k = {64, 32, e, 512, 2048};
            put_bench(s, &lines[i], k, 2, "sweep-experts", lines[i].share * (blas ? .9 : 1 - .01 * log2(e)), "layer");
        }
    }
    const way ffn = {"experts", "dense_ffn_avx512", "avx512", "mot", .94};
    for (int e = 4; e <= 128; e *= 2)
        put_bench(s, &ffn, (shape){2048, 1, 1, 512, 64 * e}, 2, "sweep-experts", .94, "experts");
}

/* Layers and their dense FFN interleaved, 32E/1 to 32E/16; 32E/32 did not fit. */
static void put_grains(state *s) {
    static const way layers[] = {{"layer", "layer_avx2", "avx2", "mot", .79},
                                 {"layer", "layer_avx512", "avx512", "mot", .92}};
    static const way ffn[] = {{"experts", "dense_ffn_avx2", "avx2", "mot", .82},
                              {"experts", "dense_ffn_avx512", "avx512", "mot", .94}};
    for (int y = 1; y <= 16; y *= 2) {
        const shape k = {64, 32, 32 * y, 512, 2048.0 / y}, dense = {2048, 1, 1, 512, 2048};
        s->comparison++;
        for (int i = 0; i < 2; i++)
            put_bench(s, &layers[i], k, 2, "sweep-granularity", layers[i].share * (1 - .015 * log2(y)), "layer");
        for (int i = 0; i < 2; i++) put_bench(s, &ffn[i], dense, 2, "sweep-granularity", ffn[i].share, "experts");
    }
    s->comparison = 0;
    fprintf(s->out,
            "{\"type\":\"bench\",\"name\":\"layer_avx512%s/g64t32e1024d512h64/t2/cold-weights\",\"status\":\"skipped\","
            "\"reason\":\"one call takes 4.1 s: more than the budget has left%s\",\"shape\":\"g64t32e1024d512h64\","
            "\"stage\":\"layer\",\"variant\":\"layer_avx512%s\",\"config\":[],\"isa\":\"avx512\",\"library\":\"mot\","
            "\"dtype\":\"f32\",\"threads\":2,\"cache\":\"cold-weights\",\"group\":\"sweep-granularity\",\"samples_ns\":"
            "[]}\n",
            s->text, s->text, s->text);
}

static void put_tune(state *s) {
    static const struct {
        const char *stage, *usual, *winner;
        double usual_ns, gain;
        bool kept;
    } list[] = {{"experts", "experts_avx512_12x32", "experts_avx512_14x32{hb=512}", 46.5e6, 1.041, true},
                {"mix", "mix_avx512_12x32", "mix_avx512_6x64", 571e3, 1.09, true},
                {"redistribute", "redistribute_avx512_12x32", "redistribute_avx512_12x32", 592e3, 1.0, false},
                {"layer", "route_avx512_12x32 + mix_avx512_12x32 + experts_avx512_12x32 + redistribute_avx512_12x32",
                 "front_avx512_12x32 + experts_avx512_14x32{hb=512} + redistribute_avx512_12x32", 49.7e6, 1.047, true}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        double g = list[i].gain;
        fprintf(s->out,
                "{\"type\":\"tune\",\"stage\":\"%s\",\"shape\":\"g64t32e32d512h2048\",\"dims\":{\"g\":64,\"t\":32,"
                "\"e\":32,\"d\":512,\"h\":2048},\"threads\":2,\"default\":\"%s\",\"winner\":\"%s%s\",",
                list[i].stage, list[i].usual, list[i].winner, s->text);
        fprintf(s->out,
                "\"default_ns\":%.0f,\"winner_ns\":%.0f,\"speedup\":%.4f,\"speedup_low\":%.4f,\"speedup_high\":%.4f,"
                "\"evaluations\":%d,\"kept\":%s}\n",
                list[i].usual_ns, list[i].usual_ns / g, g, g - .012, g + .013, 40 + (int)i,
                list[i].kept ? "true" : "false");
    }
}

static void put_shape(state *s, shape k, int threads) {
    for (int i = 0; i < WAYS; i++) {
        double share =
            ways[i].share * (k.g < 8 && strcmp(ways[i].library, "mot") ? .45 : 1) * (threads == 1 ? 1.02 : 1);
        put_bench(s, &ways[i], k, threads, "", share, ways[i].stage);
    }
    shape dense = {k.g * k.t, 1, 1, k.d, k.h * k.e / k.t};
    static const way ffn[] = {{"experts", "dense_ffn_scalar", "scalar", "mot", .046},
                              {"experts", "dense_ffn_avx2", "avx2", "mot", .85},
                              {"experts", "dense_ffn_avx512", "avx512", "mot", .94}};
    for (int i = 0; i < 3; i++) put_bench(s, &ffn[i], dense, threads, "", ffn[i].share, "experts");
}

static void put_bf16(state *s, shape k) {
    static const way ffn = {"experts", "dense_ffn_bf16_avx512bf16", "avx512bf16", "mot", .91};
    for (int i = 0; s->f->checks && i < BF16_WAYS; i++) put_check(s, &bf16_ways[i]);
    for (int i = 0; i < BF16_WAYS; i++) put_bench(s, &bf16_ways[i], k, 2, "", bf16_ways[i].share, bf16_ways[i].stage);
    put_bench(s, &ffn, (shape){k.g * k.t, 1, 1, k.d, k.h * k.e / k.t}, 2, "", ffn.share, "experts");
}

void fixture_write(FILE *out, const fixture *f) {
    state s = {out, f, 7, f->text ? f->text : "", 0};
    put_run(&s);
    put_ceilings(&s);
    if (f->checks) put_checks(&s);
    for (int i = 0; i < f->shapes; i++) put_shape(&s, shapes[i % 8], 2);
    if (f->threads1) put_shape(&s, shapes[0], 1);
    if (f->sweeps) put_sweeps(&s);
    if (f->grains) put_grains(&s);
    if (f->tune) put_tune(&s);
    if (f->bf16) put_bf16(&s, shapes[0]);
    fprintf(out,
            "{\"type\":\"bench\",\"name\":\"layer_avx512%s/g64t32e1024d512h2048/t2/"
            "cold-weights\",\"status\":\"skipped\",\"reason\":\"needs 8.1 GiB, 6.0 GiB are "
            "free%s\",\"shape\":\"g64t32e1024d512h2048\","
            "\"dims\":{\"g\":64,\"t\":32,\"e\":1024,\"d\":512,\"h\":2048},\"stage\":\"layer\",\"variant\":\"layer_"
            "avx512\",\"config\":[],\"isa\":\"avx512\",\"library\":\"mot\",\"dtype\":\"f32\",\"threads\":2,\"cache\":"
            "\"cold-weights\",\"group\":\"sweep-experts\",\"samples_ns\":[]}\n",
            s.text, s.text);
    fprintf(out, "{\"type\":\"end\",\"complete\":true,\"exit\":0}\n");
}

void fixture_profile(FILE *out, const char *fingerprint) {
    fprintf(out,
            "{\"format\":\"mot-profile\",\"schema\":1,\"library\":\"0.1.0\",\"kernels\":\"0123456789abcdef\","
            "\"machine\":\"%s\",\"entries\":[",
            fingerprint);
    fprintf(out, "{\"stage\":\"experts\",\"dtype\":\"f32\",\"isa\":\"avx512\",\"threads\":2,\"cache\":\"cold-weights\","
                 "\"dims\":{\"g\":64,\"t\":32,\"e\":32,\"d\":512,\"h\":2048},"
                 "\"choices\":[\"experts_avx512_14x32{hb=512}\"],\"evidence\":{\"median_ns\":44669000,\"default\":["
                 "\"experts_avx512_12x32\"],\"default_ns\":46500000,\"speedup\":1.041,\"speedup_low\":1.029,\"speedup_"
                 "high\":1.054,\"evaluations\":40}}]}\n");
}

char *fixture_text(const fixture *f, size_t *length) {
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out) return NULL;
    fixture_write(out, f);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
