/* export_json.c: the entries in a stable form, see PROFILE.md. */
#include "export_internal.h"

static json_t *shape_text(const mot_shape *s) {
    return json_sprintf("g%zut%zue%zud%zuh%zu", s->groups, s->group_size, s->experts, s->d_model, s->d_expert);
}

bool export_json(const export_profile *p, FILE *out) {
    json_t *entries = json_array();
    json_t *root = json_pack("{s:s,s:i,s:s,s:s,s:s,s:o}", "format", "mot-tuned", "schema", 1, "machine", p->machine,
                             "library", p->library, "kernels", p->kernels, "entries", entries);
    bool ok = root != NULL;
    for (size_t i = 0; ok && i < p->count; i++) {
        json_t *entry = json_copy((json_t *)p->entries[i].json);
        ok = json_object_set_new(entry, "shape", shape_text(&p->entries[i].shape)) == 0 &&
             json_object_set_new(entry, "source", json_string("measured")) == 0 &&
             json_array_append_new(entries, entry) == 0;
    }
    ok = ok && json_dumpf(root, out, JSON_SORT_KEYS | JSON_INDENT(1) | JSON_REAL_PRECISION(9)) == 0 &&
         fputc('\n', out) != EOF;
    json_decref(root);
    return ok;
}
