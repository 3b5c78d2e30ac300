#include "profile_write.h"

#include "cpu.h"
#include "files.h"
#include "registry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 16 << 20, KEY_TEXT = 256 };
static const char *const validators[] = {"format", "schema", "library", "kernels", "machine"};
enum { VALIDATORS = sizeof validators / sizeof *validators };

/* ---- entries and keys ------------------------------------------------------------------------------------------ */

static const char *text_at(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

bool profile_key(char *buf, size_t size, const json_t *entry) {
    const char *stage = text_at(entry, "stage"), *dtype = text_at(entry, "dtype"), *isa = text_at(entry, "isa");
    const char *cache = text_at(entry, "cache");
    json_int_t threads, t, e, d, h, g;
    if (json_unpack((json_t *)entry, "{s:I,s:{s:I,s:I,s:I,s:I,s:I}}", "threads", &threads, "dims", "t", &t, "e", &e,
                    "d", &d, "h", &h, "g", &g) != 0)
        return false;
    if (!stage || !dtype || !isa || !cache) return false;
    int n = snprintf(buf, size, "%s|%s|%s|%06lld|%020lld|%020lld|%020lld|%020lld|%020lld|%s", stage, dtype, isa,
                     (long long)threads, (long long)t, (long long)e, (long long)d, (long long)h, (long long)g, cache);
    return n > 0 && (size_t)n < size;
}

static const char *date_of(const json_t *entry) {
    const char *date = text_at(json_object_get(entry, "evidence"), "date");
    return date ? date : "";
}

/* Which of two entries of one key stays: the newer; of one date the greater text, so that order does not matter. */
static bool replaces(const json_t *new, const json_t *old) {
    int order = strcmp(date_of(new), date_of(old));
    if (order != 0) return order > 0;
    char *a = json_dumps(new, JSON_SORT_KEYS | JSON_COMPACT), *b = json_dumps(old, JSON_SORT_KEYS | JSON_COMPACT);
    bool greater = a && b && strcmp(a, b) > 0;
    free(a);
    free(b);
    return greater;
}

/* Entries by key; what has no key is left out. */
static json_t *by_key(const json_t *entries) {
    json_t *map = json_object(), *entry;
    size_t i;
    char key[KEY_TEXT];
    json_array_foreach((json_t *)entries, i, entry) {
        if (!profile_key(key, sizeof key, entry)) continue;
        const json_t *old = json_object_get(map, key);
        if (!old || replaces(entry, old)) json_object_set(map, key, entry);
    }
    return map;
}

static bool extend(json_t *array, const json_t *more) { return !more || json_array_extend(array, (json_t *)more) == 0; }

/* The union: newer evidence decides. An entry with "kept":false has done its work then and goes. */
static json_t *merge(const json_t *old_entries, const json_t *new_entries) {
    json_t *both = json_array(), *kept = json_array();
    if (both && kept && extend(both, old_entries) && extend(both, new_entries)) {
        json_t *map = by_key(both), *entry;
        const char *key;
        json_object_foreach(map, key, entry) if (!json_is_false(json_object_get(entry, "kept")))
            json_array_append(kept, entry);
        json_decref(map);
    }
    json_decref(both);
    return kept;
}

/* ---- text ------------------------------------------------------------------------------------------------------ */

profile_owner profile_cpu(void) {
    profile_owner owner;
    snprintf(owner.kernels, sizeof owner.kernels, "%016" PRIx64, mot_registry_hash());
    mot_cpu_fingerprint(owner.machine, sizeof owner.machine);
    return owner;
}

json_t *profile_new_of(const profile_owner *owner) {
    return json_pack("{s:s,s:i,s:s,s:s,s:s,s:[]}", "format", "mot-profile", "schema", 1, "library",
                     mot_version_string(), "kernels", owner->kernels, "machine", owner->machine, "entries");
}

json_t *profile_new(void) {
    const profile_owner owner = profile_cpu();
    return profile_new_of(&owner);
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool print_entries(FILE *out, const json_t *map) {
    size_t count = json_object_size(map), i = 0;
    const char **keys = malloc((count + 1) * sizeof *keys), *key;
    json_t *entry;
    if (!keys) return false;
    json_object_foreach((json_t *)map, key, entry) keys[i++] = key;
    qsort(keys, count, sizeof *keys, compare_texts);
    bool ok = true;
    for (i = 0; ok && i < count; i++) {
        char *line = json_dumps(json_object_get(map, keys[i]), JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(9));
        ok = line && fprintf(out, "%s\n  %s", i ? "," : "", line) > 0;
        free(line);
    }
    free(keys);
    return ok;
}

static bool print_profile(FILE *out, const json_t *profile, const json_t *map) {
    fputs("{", out);
    for (int i = 0; i < VALIDATORS; i++) {
        char *value = json_dumps(json_object_get(profile, validators[i]), JSON_ENCODE_ANY);
        if (!value) return false;
        fprintf(out, "%s\n \"%s\": %s", i ? "," : "", validators[i], value);
        free(value);
    }
    fputs(",\n \"entries\": [", out);
    bool ok = print_entries(out, map);
    fputs("\n ]\n}\n", out);
    return ok;
}

char *profile_text(const json_t *profile) {
    char *text = NULL;
    size_t bytes;
    json_t *map = by_key(json_object_get(profile, "entries"));
    FILE *out = open_memstream(&text, &bytes);
    bool ok = map && out && print_profile(out, profile, map);
    if (out && fclose(out) != 0) ok = false;
    json_decref(map);
    if (!ok) free(text);
    return ok ? text : NULL;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

json_t *profile_read(const char *path, bool *missing, char *error, size_t size) {
    struct stat st;
    json_error_t where;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *missing = fd < 0 && errno == ENOENT;
    if (*missing) error[0] = '\0';
    if (fd < 0 && !*missing) files_error(error, size, "cannot read %s: %s", path, strerror(errno));
    if (fd < 0) return NULL;
    json_t *profile = NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        files_error(error, size, "%s is not a regular file", path);
    else if (st.st_size > MAX_BYTES)
        files_error(error, size, "%s is larger than 16 MiB: not a profile", path);
    else if (!(profile = json_loadfd(fd, JSON_REJECT_DUPLICATES, &where)))
        files_error(error, size, "%s is not a profile: line %d: %s", path, where.line, where.text);
    close(fd);
    const char *format = text_at(profile, "format");
    if (profile &&
        (!format || strcmp(format, "mot-profile") != 0 || !json_is_array(json_object_get(profile, "entries")))) {
        files_error(error, size, "%s is not a profile: \"format\" should be \"mot-profile\" and \"entries\" an array",
                    path);
        json_decref(profile);
        profile = NULL;
    }
    return profile;
}

bool profile_check(const char *path, char *error, size_t size) {
    bool missing;
    if (!files_make_parents(path, error, size)) return false;
    json_t *profile = profile_read(path, &missing, error, size);
    bool ok = profile != NULL || missing;
    json_decref(profile);
    if (ok && missing) { /* a folder that cannot be written is better known now */
        int lock = files_lock(path, error, size);
        ok = lock >= 0;
        files_unlock(lock);
    }
    return ok;
}

static bool same_validators(const json_t *a, const json_t *b) {
    for (int i = 0; i < VALIDATORS; i++)
        if (!json_equal(json_object_get(a, validators[i]), json_object_get(b, validators[i]))) return false;
    return true;
}

/* A second name, not a move: there is always a whole profile at `path`. */
static bool keep_old(const char *path, char *error, size_t size) {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.old", path) < (int)sizeof name && (unlink(name) == 0 || errno == ENOENT) &&
        link(path, name) == 0)
        return true;
    return files_error(error, size, "cannot keep the profile of another machine or build as %s.old: %s", path,
                       strerror(errno));
}

bool profile_is_of(const json_t *profile, const profile_owner *owner) {
    json_t *own = profile_new_of(owner);
    const bool same = own && same_validators(profile, own);
    json_decref(own);
    return same;
}

static bool merge_and_replace(const profile_owner *owner, const char *path, const json_t *entries, char *error,
                              size_t size) {
    bool missing;
    json_t *old = profile_read(path, &missing, error, size), *profile = profile_new_of(owner);
    bool ok = profile && (old || missing);
    if (ok && old && !same_validators(old, profile)) {
        ok = keep_old(path, error, size);
        json_array_clear(json_object_get(old, "entries"));
    }
    json_t *merged = ok ? merge(json_object_get(old, "entries"), entries) : NULL;
    char *text = merged && json_object_set_new(profile, "entries", merged) == 0 ? profile_text(profile) : NULL;
    if (ok && !text) ok = files_error(error, size, "out of memory");
    ok = ok && files_replace(path, text, strlen(text), error, size);
    free(text);
    json_decref(old);
    json_decref(profile);
    return ok;
}

bool profile_write_of(const profile_owner *owner, const char *path, const json_t *entries, char *error, size_t size) {
    if (!files_make_parents(path, error, size)) return false;
    int lock = files_lock(path, error, size);
    bool ok = lock >= 0 && merge_and_replace(owner, path, entries, error, size);
    files_unlock(lock);
    return ok;
}

bool profile_write(const char *path, const json_t *entries, char *error, size_t size) {
    const profile_owner owner = profile_cpu();
    return profile_write_of(&owner, path, entries, error, size);
}
