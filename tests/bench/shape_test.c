/* shape_test.c: the grammar of shapes, presets, files, a model's config.json; and what must be refused. */
#include "shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char error[512];
static char folder[] = "mot_shape_XXXXXX";

static const char *path_of(const char *name) {
    static char path[8][300];
    static int turn;
    char *p = path[turn++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static const char *write_bytes(const char *name, const char *data, size_t size) {
    const char *path = path_of(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    return path;
}
static const char *write_text(const char *name, const char *text) { return write_bytes(name, text, strlen(text)); }

static int set_up(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}
static int tear_down(void **state) {
    (void)state;
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* All shapes of a list as one text, separated by blanks. */
static const char *joined(const shape_list *list) {
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        char one[SHAPE_TEXT];
        shape_print(one, &list->item[i]);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", one);
    }
    return text;
}

static void expect(const char *text, const char *shapes) {
    shape_list list = {0};
    error[0] = '\0';
    if (!shape_parse(&list, text, error, sizeof error)) fail_msg("%s", error);
    assert_string_equal(joined(&list), shapes);
    shape_list_free(&list);
}

typedef bool (*reading)(shape_list *, const char *, char *, size_t);
/* Refused, with one line that holds `naming`, and the list is as it was. */
static void refuse(reading read, const char *text, const char *naming) {
    shape_list list = {0};
    char none[256];
    assert_true(shape_parse(&list, "g1t2e3d4h5", none, sizeof none));
    error[0] = '\0';
    if (read(&list, text, error, sizeof error)) fail_msg("accepted: %s", text);
    if (!strstr(error, naming)) fail_msg("'%s' does not name '%s'", error, naming);
    assert_null(strchr(error, '\n'));
    assert_string_equal(joined(&list), "g1t2e3d4h5");
    shape_list_free(&list);
}

static void one_shape(void **state) {
    (void)state;
    expect("g64t32e32d512h2048", "g64t32e32d512h2048");
    expect("g1t1e1d1h1", "g1t1e1d1h1");
}

static void lists_and_ranges(void **state) {
    (void)state;
    expect("g64t8,32e4:64:*2d512h2048", "g64t8e4d512h2048 g64t8e8d512h2048 g64t8e16d512h2048 g64t8e32d512h2048 "
                                        "g64t8e64d512h2048 g64t32e4d512h2048 g64t32e8d512h2048 g64t32e16d512h2048 "
                                        "g64t32e32d512h2048 g64t32e64d512h2048");
    expect("g1:3t1e1d1h1", "g1t1e1d1h1 g2t1e1d1h1 g3t1e1d1h1");
    expect("g4:11:+4t1e1d1h1", "g4t1e1d1h1 g8t1e1d1h1");
    expect("g3:3,3,1:2t1e1d1h1", "g3t1e1d1h1 g1t1e1d1h1 g2t1e1d1h1");
}

static void ranges_up_to_the_largest_number_end(void **state) {
    (void)state;
    refuse(shape_parse, "g18446744073709551615:18446744073709551615t1e1d1h1", "overflows");
    refuse(shape_parse, "g9223372036854775808:18446744073709551615:*2t1e1d1h1", "overflows");
}

static void bad_texts(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "groups (g) are missing"},
        {"banana", "'banana'"},
        {"g64", "group size (t) is missing"},
        {"g64t32e32d512", "expert width (h) is missing"},
        {"t32g64e32d512h2048", "groups (g) are missing"},
        {"G64T32E32D512H2048", "groups (g) are missing"},
        {"g64t32e32d512h2048x", "unexpected text at 'x'"},
        {"g64t32e32d512h2048 ", "unexpected text"},
        {"g t32e32d512h2048", "a number is missing"},
        {"g-4t32e32d512h2048", "a number is missing"},
        {"g1.5t32e32d512h2048", "group size (t) is missing at '.5"},
        {"g64t8,e32d512h2048", "a number is missing"},
        {"g0t32e32d512h2048", "groups (g) 0 is not a size"},
        {"g64t0e32d512h2048", "group size (t) 0"},
        {"g64t32e00d512h2048", "experts (e) 00"},
        {"g64t32e32d512h99999999999999999999", "expert width (h) 99999999999999999999 is too large"},
        {"g1t1e4294967296d4294967296h4294967296", "overflows"},
        {"g64t8:4e32d512h2048", "8:4 is a range that ends before it starts"},
        {"g64t8:64:*1e32d512h2048", "*1 is a range that never ends"},
        {"g64t8:64:+0e32d512h2048", "0 is not a size"},
        {"g64t8:64:/2e32d512h2048", "the step of a range is +N or *N"},
        {"g1:5000t1e1d1h1", "more than 4096 values"},
        {"g1:70t1:70e1d1h1", "stands for more than 4096 shapes"},
        {"g64t32e32d512\nh2048", "?h2048"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuse(shape_parse, bad[i][0], bad[i][1]);
}

/* The limit is of the list, not of one text; what was there stays. */
static void full_list(void **state) {
    (void)state;
    shape_list list = {0};
    assert_true(shape_parse(&list, "g1:4000t1e1d1h1", error, sizeof error));
    assert_false(shape_parse(&list, "g1:200t2e1d1h1", error, sizeof error));
    assert_non_null(strstr(error, "more than 4096 shapes"));
    assert_int_equal(list.count, 4000);
    assert_true(shape_parse(&list, "g1:4000t1e1d1h1", error, sizeof error)); /* all there already */
    shape_list_free(&list);
}

static void errors_say_what_is_right(void **state) {
    (void)state;
    shape_list list = {0};
    assert_false(shape_parse(&list, "g64t32", error, sizeof error));
    assert_non_null(strstr(error, "write it like g64t32e32d512h2048"));
    char tiny[8];
    assert_false(shape_parse(&list, "g64t32", tiny, sizeof tiny)); /* and a short buffer is not overrun */
    assert_int_equal(strlen(tiny), 7);
}

static void presets_are_sane(void **state) {
    (void)state;
    int seen = 0;
    for (size_t i = 0; shape_preset_name(i); i++, seen++) {
        shape_list list = {0};
        if (!shape_preset(&list, shape_preset_name(i), error, sizeof error)) fail_msg("%s", error);
        assert_true(list.count > 0);
        for (size_t n = 0; n < list.count; n++) assert_in_range(shape_bytes(&list.item[n]), 1, (size_t)2 << 30);
        shape_list_free(&list);
    }
    assert_true(seen >= 8);
    assert_null(shape_preset_name((size_t)seen + 1000));
}

static size_t count_of(const char *preset) {
    shape_list list = {0};
    assert_true(shape_preset(&list, preset, error, sizeof error));
    size_t n = list.count;
    shape_list_free(&list);
    return n;
}

static void sweeps_hold_constant_what_they_say(void **state) {
    (void)state;
    shape_list list = {0};
    assert_true(shape_preset(&list, "sweep-group", error, sizeof error));
    for (size_t i = 0; i < list.count; i++) {
        const mot_shape *s = &list.item[i];
        assert_int_equal(s->groups * s->group_size, 2048);
        assert_int_equal(s->experts, s->group_size);
    }
    shape_list_free(&list);
    assert_true(shape_preset(&list, "sweep-granularity", error, sizeof error));
    for (size_t i = 0; i < list.count; i++) assert_int_equal(list.item[i].experts * list.item[i].d_expert, 65536);
    shape_list_free(&list);
    assert_int_equal(count_of("sweep-groups"), 7);
    assert_int_equal(count_of("sweep-width"), 13);
    assert_int_equal(count_of("sweep-hidden"), 13);
    assert_int_equal(count_of("cpu9"), 9);
    assert_int_equal(count_of("sweep-experts"), 6);
    assert_true(count_of("full") > count_of("paper") + count_of("decode"));
}

static void paper_starts_with_the_headline(void **state) {
    (void)state;
    shape_list list = {0};
    assert_true(shape_preset(&list, "paper", error, sizeof error));
    list.count = 1;
    assert_string_equal(joined(&list), "g64t32e32d512h2048");
    shape_list_free(&list);
}

static void files_nest_and_have_comments(void **state) {
    (void)state;
    shape_list list = {0};
    write_text("inner", "g9t9e9d9h9 # nine\r\n");
    const char *outer = write_text("outer", "# comment\n\n  g1,2t1e1d1h1  # two\ninner\ninner\nsweep-experts");
    if (!shape_preset(&list, outer, error, sizeof error)) fail_msg("%s", error);
    assert_int_equal(list.count, 9);
    list.count = 3;
    assert_string_equal(joined(&list), "g1t1e1d1h1 g2t1e1d1h1 g9t9e9d9h9");
    shape_list_free(&list);
}

static void hostile_files(void **state) {
    (void)state;
    refuse(shape_preset, "nonsuch", "'nonsuch' is neither a preset nor a file; presets: smoke");
    refuse(shape_preset, folder, "a folder");
    refuse(shape_preset, "/dev/zero", "no regular file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    refuse(shape_preset, path_of("fifo"), "a pipe");
    refuse(shape_preset, write_bytes("binary", "g1t1\0e1d1h1\n", 12), "is binary");
    refuse(shape_preset, write_text("empty", ""), "names no shape");
    refuse(shape_preset, write_text("comments", "# nothing\n\n"), "names no shape");
    refuse(shape_preset, write_text("typo", "g1t1e1d1h1\ng1t1e1d1hx\n"), "line 2: shape 'g1t1e1d1hx'");
    refuse(shape_preset, write_text("loop", "loop\n"), "nested more than 8 deep");
    refuse(shape_preset, write_text("lost", "elsewhere\n"), "'elsewhere' is neither");
    char *large = malloc((1 << 20) + 1);
    memset(large, '#', (1 << 20) + 1);
    refuse(shape_preset, write_bytes("large", large, (1 << 20) + 1), "at most 1048576");
    free(large);
}

/* Each level names the next many times: 2000^7 lines if nothing stopped it. */
static void fan_out_is_bounded(void **state) {
    (void)state;
    for (int level = 0; level < 7; level++) {
        char name[8], line[8], text[2000 * 3 + 1] = "";
        snprintf(name, sizeof name, "f%d", level);
        snprintf(line, sizeof line, "f%d\n", level + 1);
        for (int i = 0; i < 2000; i++) memcpy(text + 3 * i, line, 3);
        write_text(name, text);
    }
    write_text("f7", "g1t1e1d1h1\n");
    refuse(shape_preset, path_of("f0"), "bytes");
}

static void model_of_the_public_checkpoint(void **state) {
    (void)state;
    shape_list list = {0};
    const char *path = write_text("config.json", "{\"architectures\": [\"MoT\"], \"d_model\": 512, \"n_expert\": 256,"
                                                 " \"expert_size\": 256, \"group_size\": 32, \"vocab\": {\"a\": 1}}");
    if (!shape_model(&list, path, error, sizeof error)) fail_msg("%s", error);
    assert_string_equal(joined(&list), "g1t32e256d512h256 g4t32e256d512h256 g16t32e256d512h256 g64t32e256d512h256");
    shape_list_free(&list);
    path = write_text("alias.json", "{\"n_embd\": 512, \"n_expert\": 8, \"expert_size\": 64, \"group_size\": 4}");
    if (!shape_model(&list, path, error, sizeof error)) fail_msg("%s", error);
    assert_int_equal(list.item[0].d_model, 512);
    shape_list_free(&list);
}

static void hostile_models(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "is no JSON"},
        {"[1]", "must be a JSON object"},
        {"{\"d_model\": 512}", "has no n_expert"},
        {"{\"n_expert\": 8}", "has no d_model or n_embd"},
        {"{\"d_model\": 512, \"n_embd\": 256}", "n_embd is 256"},
        {"{\"d_model\": 512, \"d_model\": 512}", "is no JSON"},
        {"{\"d_model\": 0}", "d_model is 0"},
        {"{\"d_model\": -1}", "d_model is -1"},
        {"{\"d_model\": 1.5}", "d_model is 1.5"},
        {"{\"d_model\": \"512\"}", "d_model is \"512\""},
        {"{\"d_model\": null}", "d_model is null"},
        {"{\"d_model\": 1e999}", "is no JSON"},
        {"{\"d_model\": NaN}", "is no JSON"},
        {"{\"d_model\": 99999999999}", "d_model is 99999999999"},
        {"{\"d_model\": 16777216, \"n_expert\": 16777216, \"expert_size\": 16777216, \"group_size\": 1}", "overflow"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(shape_model, write_text("bad.json", bad[i][0]), bad[i][1]);
    char *deep = malloc(1000000);
    memset(deep, '[', 1000000);
    refuse(shape_model, write_bytes("deep.json", deep, 1000000), "nested more than 32 deep");
    free(deep);
    refuse(shape_model, folder, "a folder");
    refuse(shape_model, "/nonexistent/config.json", "No such file");
    refuse(shape_model, path_of("fifo"), "a pipe");
}

/* Every truncation of a good file is either refused or, past its end brace, the same. */
static void truncated_models(void **state) {
    (void)state;
    static const char good[] = "{\"d_model\": 512, \"n_expert\": 256, \"expert_size\": 256, \"group_size\": 32}";
    for (size_t n = 0; n + 1 < sizeof good - 1; n++) refuse(shape_model, write_bytes("cut.json", good, n), "JSON");
}

static void bytes_and_their_overflow(void **state) {
    (void)state;
    mot_shape s = {2, 3, 5, 7, 11};
    assert_int_equal(shape_bytes(&s), 4 * (2 * 2 * 3 * 7 + 7 * 5 + 2 * 3 * 5 + 2 * 5 * 2 * 7 + 2 * 5 * 7 * 11));
    s.d_expert = SIZE_MAX / 2;
    assert_int_equal(shape_bytes(&s), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_shape),
        cmocka_unit_test(lists_and_ranges),
        cmocka_unit_test(ranges_up_to_the_largest_number_end),
        cmocka_unit_test(bad_texts),
        cmocka_unit_test(full_list),
        cmocka_unit_test(errors_say_what_is_right),
        cmocka_unit_test(presets_are_sane),
        cmocka_unit_test(sweeps_hold_constant_what_they_say),
        cmocka_unit_test(paper_starts_with_the_headline),
        cmocka_unit_test(files_nest_and_have_comments),
        cmocka_unit_test(hostile_files),
        cmocka_unit_test(fan_out_is_bounded),
        cmocka_unit_test(model_of_the_public_checkpoint),
        cmocka_unit_test(hostile_models),
        cmocka_unit_test(truncated_models),
        cmocka_unit_test(bytes_and_their_overflow),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
