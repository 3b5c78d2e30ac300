/* shape_model.c: the layer of a published model from its config.json. */
#include "shape_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20, CONFIG_DEPTH_MAX = 32, CONFIG_SIZE_MAX = 1 << 24 };

/* Nesting of a JSON text, counted before the parser recurses into it. */
static int depth(const char *text) {
    int level = 0, deepest = 0;
    bool quoted = false;
    for (; *text; text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && strchr("[{", *text))
            deepest = ++level > deepest ? level : deepest;
        else if (!quoted && strchr("]}", *text))
            level--;
    }
    return deepest;
}

static json_t *load(const char *path, char *error, size_t error_size) {
    size_t size;
    json_error_t where;
    char *text = shape_read_file(path, CONFIG_MAX, &size, error, error_size);
    json_t *config = NULL;
    if (!text) return NULL;
    if (depth(text) > CONFIG_DEPTH_MAX)
        shape_fail(error, error_size, "'%.200s' is nested more than %d deep: no model's config.json", path,
                   CONFIG_DEPTH_MAX);
    else if (!(config = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where)))
        shape_fail(error, error_size, "'%.200s' is no JSON: line %d: %s", path, where.line, where.text);
    else if (!json_is_object(config)) {
        shape_fail(error, error_size, "'%.200s' is no model's config.json: it must be a JSON object", path);
        json_decref(config);
        config = NULL;
    }
    free(text);
    return config;
}

/* 0: `field` is not there; else its value, or 0 with *bad where it is no sensible size. */
static size_t size_of(const json_t *config, const char *path, const char *field, bool *bad, char *error,
                      size_t error_size) {
    const json_t *value = json_object_get(config, field);
    if (!value) return 0;
    json_int_t n = json_is_integer(value) ? json_integer_value(value) : 0;
    if (n >= 1 && n <= CONFIG_SIZE_MAX) return (size_t)n;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    shape_fail(error, error_size, "'%.200s': %s is %.40s: a whole number from 1 to %d is needed", path, field,
               text ? text : "unreadable", CONFIG_SIZE_MAX);
    free(text);
    *bad = true;
    return 0;
}

/* A required size under one of two names; both may be there if they agree. */
static bool require(size_t *out, const json_t *config, const char *path, const char *name, const char *alias,
                    char *error, size_t error_size) {
    bool bad = false;
    size_t a = size_of(config, path, name, &bad, error, error_size);
    size_t b = alias && !bad ? size_of(config, path, alias, &bad, error, error_size) : 0;
    if (bad) return false;
    if (a && b && a != b)
        return shape_fail(error, error_size, "'%.200s': %s is %zu but %s is %zu: they must agree", path, name, a, alias,
                          b);
    *out = a ? a : b;
    return *out ||
           shape_fail(error, error_size,
                      "'%.200s' has no %s%s%s: d_model or n_embd, n_expert, expert_size and group_size are needed",
                      path, name, alias ? " or " : "", alias ? alias : "");
}

bool shape_model(shape_list *list, const char *config_json, char *error, size_t error_size) {
    static const size_t groups[] = {1, 4, 16, 64};
    size_t before = list->count;
    mot_shape s;
    json_t *config = load(config_json, error, error_size);
    bool ok = config && require(&s.d_model, config, config_json, "d_model", "n_embd", error, error_size) &&
              require(&s.experts, config, config_json, "n_expert", NULL, error, error_size) &&
              require(&s.d_expert, config, config_json, "expert_size", NULL, error, error_size) &&
              require(&s.group_size, config, config_json, "group_size", NULL, error, error_size);
    for (size_t i = 0; ok && i < sizeof groups / sizeof *groups; i++) {
        s.groups = groups[i];
        ok = shape_bytes(&s) > 0 ||
             shape_fail(error, error_size, "'%.200s': the sizes overflow: take smaller ones", config_json);
        ok = ok && shape_append(list, &s, error, error_size);
    }
    json_decref(config);
    if (!ok) shape_truncate(list, before);
    return ok;
}
