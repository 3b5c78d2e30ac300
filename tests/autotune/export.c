/* Exports: the header compiles in C and C++ as the only thing, hostile texts stay texts, the rest is read back. */
#define _GNU_SOURCE
#include "export.h"

#include "scratch.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const char profile_text[] =
    "{\"format\":\"mot-profile\",\"schema\":1,\"library\":\"0.1.0\",\"kernels\":\"0123456789abcdef\",\"machine\":\"%"
    "s\","
    "\"entries\":["
    "{\"stage\":\"layer\",\"dtype\":\"f32\",\"isa\":\"avx512\",\"threads\":2,\"cache\":\"cold-weights\","
    "\"dims\":{\"g\":64,\"t\":32,\"e\":32,\"d\":512,\"h\":2048},\"choices\":[\"front_avx512_12x32{dc=128}\","
    "\"experts_avx512_14x32{mc=64,nc=512,prefetch=0}\",\"redistribute_avx512_12x32\"],"
    "\"evidence\":{\"median_ns\":4e7,\"speedup\":1.25,\"speedup_low\":1.2,\"date\":\"=cmd()\"}},"
    "{\"stage\":\"layer\",\"dtype\":\"f32\",\"isa\":\"avx512\",\"threads\":2,\"cache\":\"hot\","
    "\"dims\":{\"g\":64,\"t\":32,\"e\":32,\"d\":512,\"h\":2048},\"choices\":[\"front_avx512_24x16\","
    "\"experts_avx512_8x48\",\"redistribute_avx512_12x32\"]},"
    "{\"stage\":\"layer\",\"dtype\":\"bf16\",\"isa\":\"avx512bf16\",\"threads\":2,\"cache\":\"hot\","
    "\"dims\":{\"g\":64,\"t\":32,\"e\":32,\"d\":512,\"h\":2048},\"choices\":[\"front_avx512bf16_bf16_24x16\","
    "\"experts_avx512bf16_bf16_14x32{nc=256}\",\"redistribute_avx512bf16_bf16_12x32\"]},"
    "{\"stage\":\"layer\",\"dtype\":\"bf16\",\"isa\":\"cuda\",\"threads\":0,\"cache\":\"cold-weights\","
    "\"dims\":{\"g\":64,\"t\":32,\"e\":32,\"d\":512,\"h\":2048},\"choices\":[\"front_cuda_bf16_t32e32g2\","
    "\"experts_cuda_bf16_hopper_128x256\",\"redistribute_cuda_bf16_mma_32x128x32\"]},"
    "{\"stage\":\"mix\",\"dtype\":\"f32\",\"isa\":\"avx2\",\"threads\":1,\"cache\":\"hot\","
    "\"dims\":{\"g\":9,\"t\":3,\"e\":5,\"d\":7,\"h\":11},\"choices\":[\"mix_avx2_6x16\"],"
    "\"evidence\":{\"speedup\":1.5}}]}";

/* Everything that could end a literal, a comment, a line or a file: in JSON, then as C sees it. */
static const char hostile_json[] = "a\\\"; int x; */ // \\\\ \\n #error ?"
                                   "?/ %s \\u00e9 \\u0001"
                                   "9 <script>";
static const char hostile_text[] = "a\"; int x; */ // \\ \n #error ?"
                                   "?/ %s \xc3\xa9 \x01"
                                   "9 <script>";

static const char consumer[] =
    "#include \"tuned.h\"\n"
    "#ifndef MOT_TUNED_MACHINE_NUMBER\n#error no number\n#endif\n"
    "#if MOT_TUNED_COUNT > 0\n"
    "#if MOT_TUNED_LAYER_G64_T32_E32_D512_H2048_N2_AVX512_COLD_WEIGHTS_STEP1_NC != 512\n#error wrong knob\n#endif\n"
    "#if MOT_TUNED_LAYER_BF16_G64_T32_E32_D512_H2048_N2_AVX512BF16_HOT_STEP1_NC != 256\n#error wrong knob\n#endif\n"
    "#endif\n"
    "#define CHECK(x) do { if (!(x)) return __LINE__; } while (0)\n"
    "int main(void) {\n"
    "    const mot_tuned_entry *x = mot_tuned_layer(32, 32, 512, 2048, 64, 2);\n"
    "    if (MOT_TUNED_COUNT == 0) return x != NULL;\n"
    "    CHECK(x && strcmp(x->cache, \"cold-weights\") == 0 && x->steps == 3 && x->speedup > 1.2);\n"
    "    CHECK(strcmp(x->step[1].choice, \"experts_avx512_14x32{mc=64,nc=512,prefetch=0}\") == 0);\n"
    "    CHECK(strcmp(x->step[1].variant, \"experts_avx512_14x32\") == 0);\n"
    "    CHECK(mot_tuned_value(&x->step[1], \"nc\", -1) == 512 && mot_tuned_value(&x->step[1], \"kc\", -1) == -1);\n"
    "    CHECK(mot_tuned_layer(32, 32, 512, 2048, 128, 2) == x && mot_tuned_layer(32, 32, 512, 2048, 32, 2) == x);\n"
    "    CHECK(!mot_tuned_layer(32, 32, 512, 2048, 129, 2) && !mot_tuned_layer(32, 32, 512, 2048, 31, 2));\n"
    "    CHECK(!mot_tuned_layer(32, 32, 512, 2048, 64, 1) && !mot_tuned_layer(32, 32, 512, 2048, 0, 2));\n"
    "    CHECK(!mot_tuned_layer(33, 32, 512, 2048, 64, 2) && !mot_tuned_find(\"mix\", 32, 32, 512, 2048, 64, 2));\n"
    "    CHECK(mot_tuned_find(\"mix\", 3, 5, 7, 11, 9, 1)->step[0].knobs == 0);\n"
    "    CHECK(strcmp(x->dtype, \"f32\") == 0 && !mot_tuned_find_as(\"bf16\", \"mix\", 3, 5, 7, 11, 9, 1));\n"
    "    x = mot_tuned_find_as(\"bf16\", \"layer\", 32, 32, 512, 2048, 64, 2);\n"
    "    CHECK(x && strcmp(x->dtype, \"bf16\") == 0 && strcmp(x->isa, \"avx512bf16\") == 0);\n"
    "    x = mot_tuned_find_as(\"bf16\", \"layer\", 32, 32, 512, 2048, 64, 0);\n" /* a GPU's */
    "    CHECK(x && strcmp(x->isa, \"cuda\") == 0);\n"
    "    CHECK(strcmp(x->step[1].variant, \"experts_cuda_bf16_hopper_128x256\") == 0);\n"
    "#ifdef EXPECTED\n"
    "    CHECK(strcmp(MOT_TUNED_MACHINE, EXPECTED) == 0);\n"
    "#endif\n"
    "    return 0;\n"
    "}\n";

static bool export_to(const char *format, const char *input, const char *output, char *error) {
    FILE *out = fopen(output, "w");
    assert_non_null(out);
    bool ok = export_write(format, input, out, error, 256);
    assert_int_equal(fclose(out), 0);
    return ok;
}

static void write_profile(const char *path, const char *machine) {
    char text[4096];
    assert_true(snprintf(text, sizeof text, profile_text, machine) < (int)sizeof text);
    scratch_write(path, text);
}

static void compile_and_run(const char *folder, const char *compiler, const char *flags) {
    char command[4096];
    snprintf(command, sizeof command, "cd '%s' && %s -Wall -Wextra -Werror -pedantic %s && ./consumer", folder,
             compiler, flags);
    int status = system(command);
    if (status != 0) fail_msg("exit %d of: %s", WEXITSTATUS(status), command);
}

static void header_compiles_alone(void **state) {
    char error[256];
    const char *machines[] = {"AuthenticAMD-26-2-1-avx512-c2", hostile_json};
    for (int i = 0; i < 2; i++) {
        write_profile(scratch_path(*state, "p.json"), machines[i]);
        if (!export_to("c-header", scratch_path(*state, "p.json"), scratch_path(*state, "tuned.h"), error))
            fail_msg("%s", error);
        scratch_write(scratch_path(*state, "c.c"), consumer);
        scratch_write(scratch_path(*state, "c.cc"), consumer);
        compile_and_run(*state, TEST_CC, "-std=c11 c.c -o consumer");
        compile_and_run(*state, TEST_CXX, "-std=c++17 c.cc -o consumer");
        compile_and_run(*state, TEST_CC,
                        "-DMOT_TUNED_FOR=1 -std=c11 c.c -o consumer"); /* another machine: an empty table */
    }
}

static void hostile_texts_stay_texts(void **state) {
    char error[256], source[8192], literal[1024] = "";
    write_profile(scratch_path(*state, "p.json"), hostile_json);
    assert_true(export_to("c-header", scratch_path(*state, "p.json"), scratch_path(*state, "tuned.h"), error));
    for (const char *c = hostile_text; *c; c++) sprintf(literal + strlen(literal), "\\%03o", (unsigned char)*c);
    snprintf(source, sizeof source, "#define EXPECTED \"%s\"\n%s", literal, consumer);
    scratch_write(scratch_path(*state, "c.c"), source);
    compile_and_run(*state, TEST_CC, "-std=c11 c.c -o consumer");
}

static void empty_profile_is_an_empty_header(void **state) {
    char error[256];
    scratch_write(scratch_path(*state, "p.json"), "{\"format\":\"mot-profile\",\"schema\":1,\"library\":\"0.1.0\","
                                                  "\"kernels\":\"0\",\"machine\":\"m\",\"entries\":[]}");
    assert_true(export_to("c-header", scratch_path(*state, "p.json"), scratch_path(*state, "tuned.h"), error));
    scratch_write(scratch_path(*state, "c.c"), consumer);
    compile_and_run(*state, TEST_CC, "-std=c11 c.c -o consumer");
}

static void json_has_all_entries(void **state) {
    char error[256];
    json_error_t where;
    write_profile(scratch_path(*state, "p.json"), hostile_json);
    assert_true(export_to("json", scratch_path(*state, "p.json"), scratch_path(*state, "out.json"), error));
    json_t *json = json_load_file(scratch_path(*state, "out.json"), 0, &where), *first;
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "format")), "mot-tuned");
    assert_string_equal(json_string_value(json_object_get(json, "machine")), hostile_text);
    assert_int_equal(json_array_size(json_object_get(json, "entries")), 5);
    first = json_array_get(json_object_get(json, "entries"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "stage")), "mix");
    assert_string_equal(json_string_value(json_object_get(first, "shape")), "g9t3e5d7h11");
    assert_string_equal(json_string_value(json_object_get(first, "source")), "measured");
    json_decref(json);
}

static void csv_is_quoted(void **state) {
    char error[256];
    write_profile(scratch_path(*state, "p.json"), "quote \\\" comma ,");
    assert_true(export_to("csv", scratch_path(*state, "p.json"), scratch_path(*state, "out.csv"), error));
    char *text = scratch_read(scratch_path(*state, "out.csv"));
    assert_non_null(
        strstr(text, "\nlayer,f32,avx512,2,cold-weights,64,32,32,512,2048,\"front_avx512_12x32{dc=128}+experts_"));
    assert_non_null(strstr(text, "\nlayer,bf16,avx512bf16,2,hot,64,32,32,512,2048,\"front_avx512bf16_bf16_24x16+"));
    assert_non_null(strstr(text, "\nlayer,bf16,cuda,0,cold-weights,64,32,32,512,2048,"));
    assert_non_null(strstr(text, ",1.25,1.2,,\"'=cmd()\",\"quote \"\" comma ,\"\n"));
    free(text);
}

static void refuse(const char *folder, const char *format, const char *text, const char *expected) {
    char error[256] = "";
    const char *path = scratch_path(folder, "bad");
    if (text) scratch_write(path, text);
    assert_false(export_to(format, path, scratch_path(folder, "out"), error));
    if (!strstr(error, expected)) fail_msg("\"%s\" is not in \"%s\"", expected, error);
    assert_null(strchr(error, '\n'));
}

static void bad_input_is_named(void **state) {
    static const char head[] =
        "{\"format\":\"mot-profile\",\"library\":\"\",\"kernels\":\"\",\"machine\":\"\",\"entries\":[%s]}";
    static const char *const entries[][2] = {
        {"{}", "\"stage\""},
        {"{\"stage\":\"layer\",\"dtype\":\"f16\",\"isa\":\"avx2\",\"cache\":\"hot\",\"threads\":1,"
         "\"dims\":{\"g\":1,\"t\":1,\"e\":1,\"d\":1,\"h\":1},\"choices\":[\"x\"]}",
         "\"dtype\""},
        {"{\"stage\":\"layer\",\"dtype\":\"f32\",\"isa\":\"avx2\",\"cache\":\"hot\",\"threads\":1,"
         "\"dims\":{\"g\":1,\"t\":1,\"e\":1,\"d\":1,\"h\":0},\"choices\":[\"x\"]}",
         "\"threads or dims\""},
        {"{\"stage\":\"layer\",\"dtype\":\"f32\",\"isa\":\"avx2\",\"cache\":\"hot\",\"threads\":1,"
         "\"dims\":{\"g\":1,\"t\":1,\"e\":1,\"d\":1,\"h\":1},\"choices\":[\"x{a=1};system()\"]}",
         "\"choices\""},
        {"{\"stage\":\"layer\",\"dtype\":\"f32\",\"isa\":\"avx2\",\"cache\":\"hot\",\"threads\":1,"
         "\"dims\":{\"g\":1,\"t\":1,\"e\":1,\"d\":1,\"h\":1},\"choices\":[\"x,a=1}\"]}",
         "\"choices\""},
    };
    static const char *const places[] = {"\"isa\":\"cuda\",\"threads\":2", "\"isa\":\"avx2\",\"threads\":0",
                                         "\"isa\":\"gpu\",\"threads\":0"};
    char text[1024], one[512];
    refuse(*state, "c-header", NULL, "there is no profile");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(one, sizeof one,
                 "{\"stage\":\"layer\",\"dtype\":\"f32\",%s,\"cache\":\"hot\","
                 "\"dims\":{\"g\":1,\"t\":1,\"e\":1,\"d\":1,\"h\":1},\"choices\":[\"x\"]}",
                 places[i]);
        snprintf(text, sizeof text, head, one);
        refuse(*state, "c-header", text, "\"isa\"");
    }
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        snprintf(text, sizeof text, head, entries[i][0]);
        refuse(*state, "c-header", text, entries[i][1]);
    }
    refuse(*state, "json", "{", "is not a profile");
    refuse(*state, "yaml", "{", "unknown export format \"yaml\"");
    refuse(*state, "gbench", "{}\n", "no \"run\" line");
    refuse(*state, "gbench", "{\"type\":\"run\",\"schema\":1}\n", "no bench samples");
    for (size_t i = 0; export_format_name(i); i++) assert_true(i < 4);
}

/* Writing to a full device is an error, not a short file. */
static void full_device_is_reported(void **state) {
    char error[256] = "";
    write_profile(scratch_path(*state, "p.json"), "m");
    for (size_t i = 0; i < 3; i++) {
        FILE *out = fopen("/dev/full", "w");
        if (!out) skip();
        assert_false(export_write(export_format_name(i), scratch_path(*state, "p.json"), out, error, sizeof error));
        assert_non_null(strstr(error, "cannot write the export"));
        fclose(out);
    }
}

/* The rules of Google Benchmark's tools/gbench/report.py and util.py: what they index must be there. */
static void gbench_can_be_compared(void **state) {
    char error[256];
    json_error_t where;
    scratch_write(
        scratch_path(*state, "s.jsonl"),
        "{\"type\":\"run\",\"schema\":1,\"time\":\"2026-01-01T00:00:00Z\",\"host\":{\"name\":\"h\",\"cores\":2,"
        "\"governor\":null}}\n"
        "{\"type\":\"bench\",\"name\":\"a/g1/t2/hot\",\"samples_ns\":[10,20,900,30],\"tainted\":[2],\"iterations\":7,"
        "\"threads\":2,\"dtype\":\"bf16\",\"bytes\":40,\"flops\":null}\n"
        "{\"type\":\"bench\",\"name\":\"b\",\"samples_ns\":[],\"tainted\":[],\"status\":\"skipped\"}\n"
        "{\"type\":\"bench\",\"name\":\"c\",\"samples_ns\":[1],\"tainted\":[]}\n"
        "{\"type\":\"bench\",\"name\":\"torn\",\"samples_ns\":[1]");
    if (!export_to("gbench", scratch_path(*state, "s.jsonl"), scratch_path(*state, "g.json"), error))
        fail_msg("%s", error);
    json_t *json = json_load_file(scratch_path(*state, "g.json"), JSON_REJECT_DUPLICATES, &where), *row;
    assert_non_null(json);
    json_t *rows = json_object_get(json, "benchmarks");
    assert_true(json_is_object(json_object_get(json, "context")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "context"), "date")),
                        "2026-01-01T00:00:00Z");
    assert_int_equal(json_array_size(rows), 4);
    static const double times[] = {10, 20, 30, 1};
    size_t i;
    json_array_foreach(rows, i, row) {
        const char *name, *run_name, *type, *unit, *label;
        double real, cpu;
        int repetitions, index, iterations, threads;
        assert_int_equal(json_unpack(row, "{s:s,s:s,s:s,s:s,s:s,s:F,s:F,s:i,s:i,s:i,s:i}", "name", &name, "label",
                                     &label, "run_name", &run_name, "run_type", &type, "time_unit", &unit, "real_time",
                                     &real, "cpu_time", &cpu, "repetitions", &repetitions, "repetition_index", &index,
                                     "iterations", &iterations, "threads", &threads),
                         0);
        assert_string_equal(name, i < 3 ? "a/g1/t2/hot" : "c");
        assert_string_equal(run_name, name);
        assert_string_equal(label, i < 3 ? "bf16" : "");
        assert_string_equal(type, "iteration");
        assert_string_equal(unit, "ns");
        assert_true(real == times[i] && cpu == real);
        assert_int_equal(repetitions, i < 3 ? 3 : 1);
        assert_int_equal(index, i < 3 ? i : 0);
    }
    assert_true(json_number_value(json_object_get(json_array_get(rows, 1), "bytes_per_second")) == 2e9);
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scratch_test(header_compiles_alone),
        scratch_test(hostile_texts_stay_texts),
        scratch_test(empty_profile_is_an_empty_header),
        scratch_test(json_has_all_entries),
        scratch_test(csv_is_quoted),
        scratch_test(bad_input_is_named),
        scratch_test(full_device_is_reported),
        scratch_test(gbench_can_be_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
