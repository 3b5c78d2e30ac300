/* profile.c: JSON -> a sorted array of validated plans, and the look-up in it. */
#include "profile.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 16 << 20, MAX_DEPTH = 16, MAX_G_RATIO = 2 };
/* A key as words, the most significant first; entries are sorted by it. */
enum { STAGE, DTYPE, ISA, THREADS, T, E, D, H, G, CACHE, KEY_WORDS };

typedef struct entry {
    uint64_t key[KEY_WORDS];
    mot_plan plan;
} entry;

struct mot_profile {
    size_t count, dropped;
    entry entries[];
};

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* A recursive parser must not meet deep input: counts brackets outside strings. */
static bool too_deep(const char *text, size_t bytes) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        if (quoted) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                quoted = false;
        } else if (text[i] == '"')
            quoted = true;
        else if (text[i] == '[' || text[i] == '{') {
            if (++depth > MAX_DEPTH) return true;
        } else if (text[i] == ']' || text[i] == '}')
            depth--;
    }
    return false;
}

static const char *string_at(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* A positive integer, or 0. */
static uint64_t number_at(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    return number > 0 ? (uint64_t)number : 0;
}

static mot_status validate(const json_t *root, const mot_profile_owner *owner) {
    static const char *texts[] = {"library", "kernels", "machine"};
    if (strcmp(string_at(root, "format"), "mot-profile") != 0) return MOT_ERROR_PROFILE_FORMAT;
    if (!json_is_integer(json_object_get(root, "schema"))) return MOT_ERROR_PROFILE_FORMAT;
    for (int i = 0; i < 3; i++)
        if (!json_is_string(json_object_get(root, texts[i]))) return MOT_ERROR_PROFILE_FORMAT;
    if (!json_is_array(json_object_get(root, "entries"))) return MOT_ERROR_PROFILE_FORMAT;
    char kernels[17], version[32];
    snprintf(version, sizeof version, "%d.%d.%d", MOT_VERSION_MAJOR, MOT_VERSION_MINOR, MOT_VERSION_PATCH);
    snprintf(kernels, sizeof kernels, "%016" PRIx64, owner->kernels);
    if (number_at(root, "schema") != 1) return MOT_ERROR_PROFILE_VERSION;
    if (strcmp(string_at(root, "library"), version) != 0) return MOT_ERROR_PROFILE_VERSION;
    if (strcmp(string_at(root, "kernels"), kernels) != 0) return MOT_ERROR_PROFILE_VERSION;
    if (strcmp(string_at(root, "machine"), owner->machine) != 0) return MOT_ERROR_PROFILE_MACHINE;
    return MOT_OK;
}

/* ---- one entry ------------------------------------------------------------------------------------------------- */

static bool find_stage(const char *name, uint64_t *out) {
    for (int i = 0; i < MOT_STAGE_COUNT; i++)
        if (strcmp(mot_stage_name((mot_stage)i), name) == 0) {
            *out = (uint64_t)i;
            return true;
        }
    return false;
}

/* Colder first: the order of preference. */
static bool find_cache(const char *name, uint64_t *out) {
    static const char *names[] = {"cold-weights", "hot", "cold-all"};
    for (uint64_t i = 0; i < 3; i++)
        if (strcmp(names[i], name) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool parse_key(const json_t *json, const mot_profile_owner *owner, uint64_t key[KEY_WORDS]) {
    static const char *names[] = {"t", "e", "d", "h", "g"};
    const json_t *dims = json_object_get(json, "dims");
    mot_profile_place place;
    mot_dtype dtype;
    if (!find_stage(string_at(json, "stage"), &key[STAGE]) || !find_cache(string_at(json, "cache"), &key[CACHE]))
        return false;
    if (!mot_dtype_parse(string_at(json, "dtype"), &dtype)) return false;
    if (!owner->place(string_at(json, "isa"), number_at(json, "threads"), dtype, &place)) return false;
    key[DTYPE] = dtype;
    key[ISA] = place.isa;
    key[THREADS] = (uint64_t)place.threads;
    for (int i = 0; i < 5; i++) {
        key[T + i] = number_at(dims, names[i]);
        if (key[T + i] == 0 || key[T + i] > SIZE_MAX) return false;
    }
    return true;
}

static mot_shape key_shape(const uint64_t key[KEY_WORDS]) {
    return (mot_shape){(size_t)key[G], (size_t)key[T], (size_t)key[E], (size_t)key[D], (size_t)key[H]};
}

static bool plan_supports(const mot_plan *plan, const mot_shape *shape) {
    for (int i = 0; i < plan->steps; i++)
        if (!plan->step[i].variant->supports(shape, &plan->step[i].config)) return false;
    return true;
}

/* The choices must be compiled in, legal, runnable here, of the entry's ISA or a lower one, and together its stage. */
static bool parse_plan(const json_t *choices, const mot_profile_owner *owner, const uint64_t key[KEY_WORDS],
                       mot_plan *plan) {
    size_t steps = json_array_size(choices);
    if (steps < 1 || steps > MOT_MAX_STEPS) return false;
    plan->steps = (int)steps;
    for (size_t i = 0; i < steps; i++) {
        const char *text = json_string_value(json_array_get(choices, i));
        mot_choice *choice = &plan->step[i];
        if (!text || !mot_choice_parse(choice, text, owner->find)) return false;
        if (!mot_config_legal(choice->variant, &choice->config)) return false;
        if (choice->variant->isa > key[ISA] || choice->variant->dtype != key[DTYPE]) return false;
    }
    if (key[STAGE] == MOT_STAGE_LAYER ? !mot_plan_is_layer(plan)
                                      : steps != 1 || plan->step[0].variant->stage != key[STAGE])
        return false;
    mot_shape shape = key_shape(key);
    return plan_supports(plan, &shape);
}

/* ---- the array ------------------------------------------------------------------------------------------------- */

static int compare_words(const uint64_t *a, const uint64_t *b, int words) {
    for (int i = 0; i < words; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int compare_entries(const void *a, const void *b) {
    return compare_words(((const entry *)a)->key, ((const entry *)b)->key, KEY_WORDS);
}

/* Entries that contradict each other are all dropped: never first wins. */
static void drop_contradictions(mot_profile *profile) {
    size_t kept = 0;
    for (size_t i = 0, next; i < profile->count; i = next) {
        next = i + 1;
        while (next < profile->count && compare_entries(&profile->entries[i], &profile->entries[next]) == 0) next++;
        if (next == i + 1) profile->entries[kept++] = profile->entries[i];
    }
    profile->dropped += profile->count - kept;
    profile->count = kept;
}

static mot_status build(mot_profile **out, const json_t *entries, const mot_profile_owner *owner) {
    size_t count = json_array_size(entries), i;
    mot_profile *profile = calloc(1, sizeof *profile + count * sizeof(entry));
    if (!profile) return MOT_ERROR_MEMORY;
    const json_t *json;
    json_array_foreach(entries, i, json) {
        entry *e = &profile->entries[profile->count];
        if (parse_key(json, owner, e->key) && parse_plan(json_object_get(json, "choices"), owner, e->key, &e->plan))
            profile->count++;
        else
            profile->dropped++;
    }
    qsort(profile->entries, profile->count, sizeof(entry), compare_entries);
    drop_contradictions(profile);
    *out = profile;
    return MOT_OK;
}

mot_status mot_profile_read(mot_profile **out, const void *data, size_t bytes, const mot_profile_owner *owner) {
    if (!out) return MOT_ERROR_NULL;
    *out = NULL;
    if (!data) return MOT_ERROR_NULL;
    if (bytes > MAX_BYTES || too_deep(data, bytes)) return MOT_ERROR_PROFILE_FORMAT;
    json_error_t error;
    json_t *root = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root) return json_error_code(&error) == json_error_out_of_memory ? MOT_ERROR_MEMORY : MOT_ERROR_PROFILE_FORMAT;
    mot_status status = validate(root, owner);
    if (status == MOT_OK) status = build(out, json_object_get(root, "entries"), owner);
    json_decref(root);
    return status;
}

void mot_profile_free(mot_profile *profile) { free(profile); }
size_t mot_profile_count(const mot_profile *profile) { return profile ? profile->count : 0; }
size_t mot_profile_dropped(const mot_profile *profile) { return profile ? profile->dropped : 0; }

/* ---- look-up --------------------------------------------------------------------------------------------------- */

static size_t lower_bound(const mot_profile *profile, const uint64_t key[KEY_WORDS]) {
    size_t low = 0, high = profile->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_words(profile->entries[middle].key, key, KEY_WORDS) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The entry if it is of this key but for G, G near enough and the shape supported; else NULL. */
static const entry *usable(const mot_profile *profile, size_t index, const uint64_t key[KEY_WORDS]) {
    if (index >= profile->count) return NULL;
    const entry *e = &profile->entries[index];
    if (compare_words(e->key, key, G) != 0) return NULL;
    uint64_t low = e->key[G] < key[G] ? e->key[G] : key[G], high = e->key[G] < key[G] ? key[G] : e->key[G];
    mot_shape shape = key_shape(key);
    return (high - 1) / MAX_G_RATIO < low && plan_supports(&e->plan, &shape) ? e : NULL;
}

/* Step back to the first entry of the G below: its preferred cache state. */
static size_t below(const mot_profile *profile, size_t index) {
    if (index == 0) return SIZE_MAX;
    index--;
    while (index > 0 && compare_words(profile->entries[index - 1].key, profile->entries[index].key, CACHE) == 0)
        index--;
    return index;
}

const mot_plan *mot_profile_plan(const mot_profile *profile, mot_stage stage, const mot_shape *s, mot_dtype dtype,
                                 mot_profile_place place) {
    if (!profile || s->groups == 0) return NULL;
    const uint64_t key[KEY_WORDS] = {
        [STAGE] = stage,     [DTYPE] = dtype,  [ISA] = place.isa, [THREADS] = (uint64_t)place.threads,
        [T] = s->group_size, [E] = s->experts, [D] = s->d_model,  [H] = s->d_expert,
        [G] = s->groups};
    size_t index = lower_bound(profile, key);
    const entry *up = usable(profile, index, key);
    if (up && up->key[G] == key[G]) return &up->plan;
    const entry *down = usable(profile, below(profile, index), key);
    if (!up || !down) return up ? &up->plan : down ? &down->plan : NULL;
    double up_ratio = (double)up->key[G] / (double)key[G], down_ratio = (double)key[G] / (double)down->key[G];
    return up_ratio < down_ratio ? &up->plan : &down->plan;
}
