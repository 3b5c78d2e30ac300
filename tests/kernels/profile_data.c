#include "profile_data.h"

#include "cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *data_profile(void) {
    char kernels[17], machine[256];
    snprintf(kernels, sizeof kernels, "%016" PRIx64, mot_registry_hash());
    mot_cpu_fingerprint(machine, sizeof machine);
    return json_pack("{s:s,s:i,s:s,s:s,s:s,s:[]}", "format", "mot-profile", "schema", 1, "library",
                     mot_version_string(), "kernels", kernels, "machine", machine, "entries");
}

json_t *data_entry(mot_stage stage, const mot_shape *s, mot_isa isa, int threads, const char *cache) {
    mot_plan plan = {.steps = 1};
    if (stage == MOT_STAGE_LAYER)
        plan = mot_select_layer(s, isa, MOT_F32);
    else
        plan.step[0] = mot_select_stage(stage, s, isa, MOT_F32);
    json_t *choices = json_array();
    for (int i = 0; i < plan.steps; i++) {
        char text[256];
        mot_choice_print(text, sizeof text, &plan.step[i]);
        json_array_append_new(choices, json_string(text));
    }
    return json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:I,s:I,s:I,s:I,s:I},s:o}", "stage", mot_stage_name(stage), "dtype",
                     "f32", "isa", mot_isa_name(isa), "threads", threads, "cache", cache, "dims", "g",
                     (json_int_t)s->groups, "t", (json_int_t)s->group_size, "e", (json_int_t)s->experts, "d",
                     (json_int_t)s->d_model, "h", (json_int_t)s->d_expert, "choices", choices);
}

void data_add(json_t *profile, json_t *entry) { json_array_append_new(json_object_get(profile, "entries"), entry); }

mot_status data_load(const json_t *profile, mot_profile **out) {
    char *text = json_dumps(profile, JSON_INDENT(1));
    mot_status status = mot_profile_load_memory(out, text, strlen(text));
    free(text);
    return status;
}

json_t *data_example(void) {
    const mot_shape shape = {16, 8, 4, 32, 64};
    json_t *profile = data_profile();
    data_add(profile, data_entry(MOT_STAGE_MIX, &shape, MOT_ISA_SCALAR, 1, "hot"));
    data_add(profile, data_entry(MOT_STAGE_EXPERTS, &shape, mot_cpu_isa(), 2, "cold-weights"));
    data_add(profile, data_entry(MOT_STAGE_LAYER, &shape, mot_cpu_isa(), 2, "cold-weights"));
    return profile;
}
