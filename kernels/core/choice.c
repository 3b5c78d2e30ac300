/* choice.c: a variant with its knobs set, to and from text; and whether choices together are a layer. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mot_config mot_config_default(const mot_variant *v) {
    mot_config c = {{0}};
    for (int i = 0; i < v->knob_count; i++) c.value[i] = v->knobs[i].preset;
    return c;
}

static bool knob_allows(const mot_knob *k, int value) {
    for (int i = 0; i < k->count; i++)
        if (k->values[i] == value) return true;
    return false;
}

bool mot_config_legal(const mot_variant *v, const mot_config *c) {
    for (int i = 0; i < v->knob_count; i++)
        if (!knob_allows(&v->knobs[i], c->value[i])) return false;
    return true;
}

static int print(char *buf, size_t size, const mot_choice *c, bool presets) {
    const mot_variant *v = c->variant;
    char knobs[192] = "";
    int used = 0;
    for (int i = 0; i < v->knob_count; i++)
        if (presets || c->config.value[i] != v->knobs[i].preset)
            used += snprintf(knobs + used, sizeof knobs - (size_t)used, "%s%s=%d", used ? "," : "", v->knobs[i].name,
                             c->config.value[i]);
    return used ? snprintf(buf, size, "%s{%s}", v->name, knobs) : snprintf(buf, size, "%s", v->name);
}

int mot_choice_print(char *buf, size_t size, const mot_choice *c) { return print(buf, size, c, false); }
int mot_choice_spell(char *buf, size_t size, const mot_choice *c) { return print(buf, size, c, true); }

/* "name=value" into the config; advances *text past it. */
static bool parse_knob(const mot_variant *v, mot_config *c, const char **text) {
    for (int i = 0; i < v->knob_count; i++) {
        const size_t n = strlen(v->knobs[i].name);
        if (strncmp(*text, v->knobs[i].name, n) || (*text)[n] != '=') continue;
        char *end;
        const long value = strtol(*text + n + 1, &end, 10);
        if (end == *text + n + 1 || value < INT32_MIN || value > INT32_MAX || !knob_allows(&v->knobs[i], (int)value))
            return false;
        c->value[i] = (int)value;
        *text = end;
        return true;
    }
    return false;
}

static bool parse_knobs(const mot_variant *v, mot_config *c, const char *text) {
    do {
        text++; /* '{' or ',' */
        if (!parse_knob(v, c, &text)) return false;
    } while (*text == ',');
    return text[0] == '}' && text[1] == 0;
}

bool mot_choice_parse(mot_choice *out, const char *text, const mot_variant *(*find)(const char *name)) {
    char name[64];
    const size_t n = strcspn(text, "{");
    if (n >= sizeof name) return false;
    memcpy(name, text, n);
    name[n] = 0;
    const mot_variant *v = find(name);
    if (!v) return false;
    *out = (mot_choice){v, mot_config_default(v)};
    return text[n] == 0 || parse_knobs(v, &out->config, text + n);
}

mot_dtype mot_plan_dtype(const mot_plan *p) { return p->step[0].variant->dtype; }

bool mot_plan_is_layer(const mot_plan *p) {
    const int between = MOT_P | MOT_MIXED | MOT_Y;
    int done = 0;
    for (int i = 0; i < p->steps; i++) {
        if (!p->step[i].variant || p->step[i].variant->dtype != mot_plan_dtype(p)) return false;
        const mot_stage stage = p->step[i].variant->stage;
        if ((mot_stage_reads(stage) & between) & ~done) return false; /* reads what nobody has written */
        done |= mot_stage_writes(stage);
    }
    return done == (between | MOT_OUT);
}
