/* The tuner with kernels that must lose: wrong, NaN, half written, crashing, hanging; and what an interrupt, a kill and
 * a resume leave behind. The one good challenger is a faster kernel of this machine under another name. */
#define _GNU_SOURCE
#include "tuner.h"

#include "gbench.h"
#include "profile_write.h"
#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const mot_shape shape = {64, 16, 16, 256, 8};
enum { BUDGET_S = 60 }; /* far more than it takes: the search ends when the space does */

/* ---- planted kernels ------------------------------------------------------------------------------------------- */

static size_t mixed_floats(const mot_shape *s) { return s->experts * s->groups * s->d_model; }

static void run_zeros(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    (void)c, (void)r;
    memset(t->mixed, 0, mixed_floats(s) * sizeof(float));
}
static void run_nothing(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    (void)s, (void)t, (void)c, (void)r;
}
static void run_nan(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    (void)c, (void)r;
    for (size_t i = 0; i < mixed_floats(s); i++) ((float *)t->mixed)[i] = NAN;
}
static void run_half(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    r.end = r.begin + (r.end - r.begin) / 2;
    mot_registry_find("mix_scalar_4x4")->run(s, t, c, r);
}
static void run_illegal(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    (void)s, (void)t, (void)c, (void)r;
    raise(SIGILL);
}
static void run_hang(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    (void)s, (void)t, (void)c, (void)r;
    for (;;) pause();
}

static const struct {
    const char *name;
    mot_kernel_fn run;
} planted[] = {{"mix_scalar_zeros", run_zeros}, {"mix_scalar_nothing", run_nothing}, {"mix_scalar_nan", run_nan},
               {"mix_scalar_half", run_half},   {"mix_scalar_illegal", run_illegal}, {"mix_scalar_hang", run_hang}};
enum { PLANTED = sizeof planted / sizeof *planted, VARIANTS = PLANTED + 2 };

/* Right and quick for tame values only: the quick check lets it pass. */
static void run_narrow(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    const float *x = t->x;
    const float *row = x + mot_group_offset(&t->strides, r.begin);
    mot_select_stage(MOT_STAGE_MIX, s, mot_cpu_isa(), MOT_F32).variant->run(s, t, c, r);
    for (size_t d = 0; d < s->d_model; d++)
        if (fabsf(row[d]) > 100) ((float *)t->mixed)[r.begin * s->d_model] = 0; /* expert 0 of this group */
}

/* The scalar default, the planted ones, and the best kernel of this machine as "mix_scalar_quick". */
static const mot_variant *const *variants(void) {
    static mot_variant copy[VARIANTS];
    static const mot_variant *list[VARIANTS];
    const mot_variant *base = mot_registry_find("mix_scalar_4x4");
    list[0] = base;
    for (int i = 0; i < PLANTED; i++) {
        copy[i] = *base;
        copy[i].name = planted[i].name;
        copy[i].run = planted[i].run;
        copy[i].knob_count = 0;
        list[i + 1] = &copy[i];
    }
    copy[PLANTED] = *mot_select_stage(MOT_STAGE_MIX, &shape, mot_cpu_isa(), MOT_F32).variant;
    copy[PLANTED].name = "mix_scalar_quick";
    copy[PLANTED].isa = MOT_ISA_SCALAR;
    copy[PLANTED].knob_count = 0;
    list[PLANTED + 1] = &copy[PLANTED];
    return list;
}

/* The same check with a shorter patience: the test of a hang must not take a minute. */
check_result __wrap_check_before_timing(const mot_plan *plan, const mot_shape *s) {
    static struct {
        mot_plan plan;
        check_result result;
    } known[64];
    static int count;
    for (int i = 0; i < count; i++)
        if (plan_equal(plan, &known[i].plan)) return known[i].result;
    mot_shape small = *s;
    small.groups = 8;
    const check_options options = {.seed = 1, .threads = 2, .strided = true, .quick = true};
    check_result result = check_plan_forked(plan, &small, &options, 8);
    if (count < 64) known[count].plan = *plan, known[count++].result = result;
    return result;
}

/* ---- running it ------------------------------------------------------------------------------------------------ */
typedef struct session {
    tune_options options;
    tune_summary summary;
    int reports, stop_after; /* interrupt at this report; 0: never */
    volatile int interrupted;
    char text[4096], error[512];
} session;

static bool listen(void *data, const char *what, int done, int total, double best_ratio) {
    session *s = data;
    assert_true(done >= 0 && done <= total && best_ratio > 0 && best_ratio <= 1);
    strncat(s->text, what, sizeof s->text - strlen(s->text) - 2);
    strcat(s->text, "\n");
    if (++s->reports == s->stop_after) s->interrupted = 1;
    return true;
}

static session new_session(const char *folder, bool resume) {
    return (session){.options = {.threads = 1,
                                 .budget_s = BUDGET_S,
                                 .seed = 7,
                                 .isa = MOT_ISA_SCALAR,
                                 .cache = CACHE_HOT,
                                 .profile_path = scratch_path(folder, "profile.json"),
                                 .journal_path = scratch_path(folder, "trials.jsonl"),
                                 .resume = resume}};
}

static void tune(session *s) {
    shape_list shapes = {.count = 1, .item = (mot_shape *)&shape};
    s->options.progress = listen;
    s->options.progress_data = s;
    s->options.interrupted = &s->interrupted;
    if (!tune_variants(&shapes, &s->options, variants(), VARIANTS, &s->summary, s->error, sizeof s->error))
        fail_msg("%s", s->error);
}

static json_t *journal_lines(const char *folder) {
    char *text = scratch_read(scratch_path(folder, "trials.jsonl"));
    json_t *lines = json_array();
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *json = json_loads(line, 0, NULL);
        if (json) json_array_append_new(lines, json);
    }
    free(text);
    return lines;
}

static const char *text_of(const json_t *line, const char *name) {
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static void nothing_is_repeated(const char *folder) {
    json_t *lines = journal_lines(folder), *line, *ids = json_object();
    size_t i;
    json_array_foreach(lines, i, line) {
        if (json_object_get(ids, text_of(line, "id"))) fail_msg("repeated: %s", text_of(line, "id"));
        json_object_set_new(ids, text_of(line, "id"), json_true());
    }
    json_decref(ids);
    json_decref(lines);
}

/* For whoever has to find out why a test failed. */
static void print_journal(const char *folder) {
    json_t *lines = journal_lines(folder), *line;
    size_t i;
    json_array_foreach(lines, i, line)
        printf("%s %s %s ratio %g high %g rounds %d %s\n", text_of(line, "type"), text_of(line, "choice"),
               text_of(line, "verdict"), json_number_value(json_object_get(line, "ratio")),
               json_number_value(json_object_get(line, "high")),
               (int)json_integer_value(json_object_get(line, "rounds")), text_of(line, "reason"));
    json_decref(lines);
}

static void expect_quick(const char *folder) {
    char *profile = scratch_read(scratch_path(folder, "profile.json"));
    if (mot_cpu_isa() > MOT_ISA_SCALAR && !strstr(profile, "\"choices\":[\"mix_scalar_quick\"]")) {
        print_journal(folder);
        fail_msg("mix_scalar_quick did not win");
    }
    for (int i = 0; i < PLANTED; i++) assert_null(strstr(profile, planted[i].name));
    free(profile);
}

/* ---- tests ----------------------------------------------------------------------------------------------------- */
static void planted_kernels_lose(void **state) {
    session s = new_session(*state, false);
    tune(&s);
    expect_quick(*state);
    json_t *lines = journal_lines(*state), *line;
    int rejected = 0, crashed = 0, hung = 0;
    size_t i;
    json_array_foreach(lines, i, line) {
        for (int p = 0; p < PLANTED; p++) {
            if (strcmp(text_of(line, "choice"), planted[p].name) != 0) continue;
            assert_string_equal(text_of(line, "type"), "trial");
            assert_string_not_equal(text_of(line, "verdict"), "PASS");
            assert_null(json_object_get(line, "samples_ns"));
            rejected++;
            crashed += strcmp(text_of(line, "verdict"), "CRASH") == 0;
            hung += strcmp(text_of(line, "verdict"), "TIMEOUT") == 0;
        }
    }
    json_decref(lines);
    assert_int_equal(rejected, PLANTED);
    assert_int_equal(crashed, 1);
    assert_int_equal(hung, 1);
    nothing_is_repeated(*state);
}

/* It is fast and passes the check before timing; the full check of a winner must see it. */
static void a_winner_is_checked_fully(void **state) {
    static mot_variant narrow;
    const mot_variant *list[] = {variants()[0], &narrow};
    session s = new_session(*state, false);
    shape_list shapes = {.count = 1, .item = (mot_shape *)&shape};
    if (mot_cpu_isa() == MOT_ISA_SCALAR) {
        print_message("SKIP: this machine has no kernel faster than the scalar one\n");
        skip();
    }
    narrow = *variants()[PLANTED + 1];
    narrow.name = "mix_scalar_narrow";
    narrow.run = run_narrow;
    const mot_plan plan = {.steps = 1, .step = {{&narrow, {{0}}}}};
    assert_int_equal(check_before_timing(&plan, &shape).verdict, VERDICT_PASS);
    s.options.progress = listen;
    s.options.progress_data = &s;
    assert_true(tune_variants(&shapes, &s.options, list, 2, &s.summary, s.error, sizeof s.error));
    char *journal = scratch_read(scratch_path(*state, "trials.jsonl"));
    assert_non_null(strstr(journal, "\"id\":\"confirm|mix|")); /* it came that far */
    assert_int_equal(s.summary.kept, 0);
    free(journal);
}

/* ---- entries that were there before ---------------------------------------------------------------------------- */
static void run_twice(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r) {
    for (int i = 0; i < 3; i++) mot_registry_find("route_scalar_4x4")->run(s, t, c, r);
}

static json_t *old_entry(int threads, const char *choice) {
    return json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:i,s:i,s:i,s:i,s:i},s:[s],s:{s:s}}", "stage", "route", "dtype", "f32",
                     "isa", "scalar", "threads", threads, "cache", "hot", "dims", "g", 64, "t", 16, "e", 16, "d", 256,
                     "h", 8, "choices", choice, "evidence", "date", "2026-01-01T00:00:00Z");
}

/* The profile says that a slow kernel is the best for one thread: found out, it goes; what was not compared stays. */
static void an_entry_that_lost_its_gain_goes(void **state) {
    static mot_variant slow;
    const mot_variant *list[] = {mot_registry_find("route_scalar_4x4"), &slow};
    session s = new_session(*state, false);
    shape_list shapes = {.count = 1, .item = (mot_shape *)&shape};
    slow = *list[0];
    slow.name = "route_scalar_slow";
    slow.run = run_twice;
    json_t *old = json_pack("[o,o]", old_entry(1, "route_scalar_slow"), old_entry(7, "route_scalar_slow"));
    assert_true(profile_write(s.options.profile_path, old, s.error, sizeof s.error));
    json_decref(old);
    s.options.progress = listen;
    s.options.progress_data = &s;
    char *profile = NULL; /* where others take the processor away, nothing may be sure at first */
    for (int turn = 0; turn < 4 && (!profile || strstr(profile, "\"threads\":1}")); turn++) {
        if (!tune_variants(&shapes, &s.options, list, 2, &s.summary, s.error, sizeof s.error)) fail_msg("%s", s.error);
        free(profile);
        profile = scratch_read(s.options.profile_path);
    }
    assert_null(strstr(profile, "\"threads\":1}"));
    assert_non_null(strstr(profile, "\"threads\":7}"));
    free(profile);
}

/* With the journal taken up nothing is timed again, and the profile has the same bytes. */
static void resume_repeats_nothing(void **state) {
    session first = new_session(*state, false), second = new_session(*state, true);
    tune(&first);
    char *journal = scratch_read(scratch_path(*state, "trials.jsonl")),
         *profile = scratch_read(scratch_path(*state, "profile.json"));
    assert_int_equal(remove(scratch_path(*state, "profile.json")), 0);
    tune(&second);
    char *journal_after = scratch_read(scratch_path(*state, "trials.jsonl"));
    char *profile_after = scratch_read(scratch_path(*state, "profile.json"));
    assert_true(first.summary.evaluations > 0);
    assert_int_equal(second.summary.evaluations, 0);
    assert_int_equal(second.summary.kept, first.summary.kept);
    assert_string_equal(profile, profile_after);
    assert_string_equal(journal, journal_after);
    free(journal);
    free(profile);
    free(journal_after);
    free(profile_after);
}

/* An interrupt in the middle of the search: what is best so far is confirmed quickly and kept. */
static void interrupt_keeps_the_best_so_far(void **state) {
    session s = new_session(*state, false);
    s.stop_after = 1;
    tune(&s);
    assert_true(s.summary.interrupted);
    expect_quick(*state);
    json_t *lines = journal_lines(*state), *line;
    size_t i;
    json_array_foreach(lines, i, line) assert_string_not_equal(text_of(line, "type"), "result"); /* not the last word */
    json_decref(lines);
    session again = new_session(*state, true);
    tune(&again);
    nothing_is_repeated(*state);
    expect_quick(*state);
}

static void killed_and_resumed(void **state) {
    for (int k = 0; k < 4; k++) {
        pid_t child = fork();
        if (child == 0) {
            session s = new_session(*state, true);
            tune(&s);
            _exit(0);
        }
        usleep((useconds_t)(200000 + rand() % 3000000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    session s = new_session(*state, true);
    tune(&s);
    nothing_is_repeated(*state);
    expect_quick(*state);
}

static void dry_run_touches_nothing(void **state) {
    session s = new_session(*state, false);
    s.options.dry_run = true;
    tune(&s);
    assert_int_equal(scratch_count(*state), 0);
    assert_int_equal(s.summary.evaluations, 0);
    /* dc 0, 64, 128, stream 0, 1 and in_place 0, 4, 64 of the scalar one */
    assert_non_null(strstr(s.text, "mix g64t16e16d256h8 f32: 25 choices of 8 variants"));
}

static void bad_places_are_refused(void **state) {
    session s = new_session(*state, false);
    shape_list shapes = {.count = 1, .item = (mot_shape *)&shape};
    s.options.profile_path = *state;
    assert_false(tune_run(&shapes, &s.options, &s.summary, s.error, sizeof s.error));
    assert_non_null(strstr(s.error, "not a regular file"));
    s = new_session(*state, false);
    s.options.journal_path = *state;
    assert_false(tune_run(&shapes, &s.options, &s.summary, s.error, sizeof s.error));
    assert_non_null(strstr(s.error, "cannot open the journal"));
    assert_int_equal(s.summary.evaluations, 0);
}

static void default_places(void **state) {
    (void)state;
    char path[4096], machine[256];
    mot_cpu_fingerprint(machine, sizeof machine);
    unsetenv("MOT_PROFILE");
    setenv("HOME", "/h", 1);
    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    setenv("XDG_STATE_HOME", "/s", 1);
    assert_true(tune_default_path(path, sizeof path));
    assert_memory_equal(path, "/h/.cache/mot/", 14);
    assert_memory_equal(path + 14, machine, strlen(machine));
    assert_string_equal(path + 14 + strlen(machine), ".json");
    assert_true(tune_default_journal(path, sizeof path));
    assert_string_equal(path, "/s/mot/trials.jsonl");
    setenv("MOT_PROFILE", "/p/mine.json", 1);
    assert_true(tune_default_path(path, sizeof path));
    assert_string_equal(path, "/p/mine.json");
    unsetenv("MOT_PROFILE");
    unsetenv("HOME");
    unsetenv("XDG_STATE_HOME");
    assert_false(tune_default_path(path, sizeof path));
    assert_false(tune_default_journal(path, sizeof path));
    assert_false(tune_default_journal(path, 3));
}

int main(void) {
    if (!gbench_version()) {
        printf("SKIP: built without Google Benchmark, so nothing can be timed\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        scratch_test(planted_kernels_lose),
        scratch_test(a_winner_is_checked_fully),
        scratch_test(an_entry_that_lost_its_gain_goes),
        scratch_test(resume_repeats_nothing),
        scratch_test(interrupt_keeps_the_best_so_far),
        scratch_test(killed_and_resumed),
        scratch_test(dry_run_touches_nothing),
        scratch_test(bad_places_are_refused),
        cmocka_unit_test(default_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
