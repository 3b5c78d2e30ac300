#include "lines.h"

#include <stdio.h>
#include <string.h>

static const char plain_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:+%@";

/* 'it'\''s': a word as a shell reads it back. */
static const char *quoted(store *s, const char *word) {
    if (*word && !word[strspn(word, plain_characters)]) return word;
    char *out = store_take(s, 4 * strlen(word) + 3), *end = out;
    *end++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') memcpy(end, "'\\'", 3), end += 3;
        *end++ = *word;
    }
    *end = '\'';
    return out;
}

static const char *shell_command(store *s, const json_t *argv) {
    const char *all = "";
    for (size_t i = 0; i < json_array_size(argv) && i < 256; i++) {
        const char *word = quoted(s, field_value_text(s, json_array_get(argv, i)));
        all = i ? store_print(s, "%s %s", all, word) : word;
    }
    return all;
}

static void read_libraries(machine *m, store *s, json_t *libraries) {
    const char *name;
    json_t *version;
    json_object_foreach(libraries, name, version) {
        named_text *item = store_push(s, &m->libraries, &m->library_count, sizeof *item);
        item->name = field_clean(s, name);
        item->value = field_value_text(s, version);
    }
}

static void read_doctor(machine *m, store *s, const json_t *doctor) {
    for (size_t i = 0; i < json_array_size(doctor); i++) {
        const json_t *item = json_array_get(doctor, i);
        doctor_note *note = store_push(s, &m->doctor, &m->doctor_count, sizeof *note);
        note->name = field_text(s, item, "name");
        note->grade = field_text(s, item, "grade");
        note->found = field_text(s, item, "found");
        note->advice = field_text(s, item, "advice");
    }
}

static void read_host(machine *m, store *s, const json_t *host) {
    m->name = field_text(s, host, "name");
    m->cpu = field_text(s, host, "cpu");
    m->isa = field_text(s, host, "isa");
    m->isa_present = field_join(s, host, "isa_present", " ");
    m->kernel = field_text(s, host, "kernel");
    m->os = field_text(s, host, "os");
    m->virtualisation = field_text(s, host, "virtualisation");
    m->governor = field_text(s, host, "governor");
    m->aslr = field_text(s, host, "aslr");
    m->thp = field_text(s, host, "thp");
    m->fingerprint = field_text(s, host, "fingerprint");
    m->cores = field_positive(host, "cores");
    m->smt = field_number(host, "smt");
    m->numa_nodes = field_positive(host, "numa_nodes");
    m->l1d = field_positive(host, "l1d");
    m->l2 = field_positive(host, "l2");
    m->l3 = field_positive(host, "l3");
    m->memory = field_positive(host, "memory");
    m->load1 = field_number(host, "load1");
    m->steal_pct = field_number(host, "steal_pct");
}

static void read_devices(machine *m, store *s, const json_t *line) {
    const json_t *gpu = json_object_get(line, "gpu"), *timer = json_object_get(line, "timer");
    const json_t *counters = json_object_get(line, "counters");
    const char *gpu_name = field_text(s, gpu, "name"), *reason = field_text(s, gpu, "reason");
    m->gpu = field_true(gpu, "present") ? (*gpu_name ? gpu_name : "present")
             : *reason                  ? store_print(s, "none: %s", reason)
                                        : "none";
    m->timer = field_text(s, timer, "name");
    m->timer_resolution_ns = field_number(timer, "resolution_ns");
    m->timer_overhead_ns = field_number(timer, "overhead_ns");
    m->counters_reason = field_text(s, counters, "reason");
    const char *provider = field_text(s, counters, "provider");
    const char *available = field_join(s, counters, "available", ", ");
    m->counters = *available ? store_print(s, "%s: %s", provider, available) : provider;
}

static bool same_machine(records *out, store *s, const json_t *line, char *error, size_t size) {
    const char *print = field_text(s, json_object_get(line, "host"), "fingerprint");
    if (*print && strcmp(print, out->machine.fingerprint) == 0) return true;
    if (*print && *out->machine.fingerprint)
        snprintf(error, size, "another machine (%.160s) than the first file's (%.160s); make a report of each", print,
                 out->machine.fingerprint);
    else
        snprintf(error, size, "no host.fingerprint, so it cannot be told whether the files are of one machine");
    return false;
}

bool line_run(records *out, store *s, const char *path, const json_t *line, char *error, size_t size) {
    double schema = field_number(line, "schema");
    if (schema != 1) {
        snprintf(error, size, "sample schema %g; this program reads schema 1", schema);
        return false;
    }
    if (out->run_count && !same_machine(out, s, line, error, size)) return false;
    if (!out->run_count) {
        read_host(&out->machine, s, json_object_get(line, "host"));
        read_devices(&out->machine, s, line);
        read_libraries(&out->machine, s, json_object_get(line, "libraries"));
        read_doctor(&out->machine, s, json_object_get(line, "doctor"));
    }
    run_record *run = store_push(s, &out->runs, &out->run_count, sizeof *run);
    run->path = field_clean(s, path);
    run->command = shell_command(s, json_object_get(line, "argv"));
    run->time = field_text(s, line, "time");
    run->version = field_text(s, line, "version");
    run->revision = field_text(s, line, "revision");
    run->short_revision = store_print(s, "%.12s", run->revision);
    run->compiler = field_text(s, line, "compiler");
    run->flags = field_text(s, line, "flags");
    run->seed = field_text(s, line, "seed");
    run->dirty = field_true(line, "dirty");
    return true;
}
