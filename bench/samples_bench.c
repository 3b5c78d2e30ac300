/* samples_bench.c: the "bench" line. */
#include "samples_internal.h"

#include "cuda_device.h"
#include "measure_hash.h"
#include "shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static mot_stage stage_of(const contestant *c) {
    return c->plan.steps > 1 ? MOT_STAGE_LAYER : c->plan.step[0].variant->stage;
}

static json_t *choice_text(const mot_choice *choice) {
    char text[256];
    mot_choice_print(text, sizeof text, choice);
    return json_string(text);
}

static json_t *config_of(const mot_plan *plan) {
    if (plan->steps == 1) return choice_text(&plan->step[0]);
    json_t *list = json_array();
    for (int i = 0; i < plan->steps; i++) json_array_append_new(list, choice_text(&plan->step[i]));
    return list;
}

/* "layer_avx2" and "dense_ffn_avx2" are known by their own names, a stage's choice by its variant's. */
static const char *variant_of(const contestant *c) {
    const char *name = c->plan.step[0].variant->name;
    return c->plan.steps == 1 && strncmp(c->name, name, strlen(name)) == 0 ? name : c->name;
}

static const char *isa_of(const mot_plan *plan) {
    mot_isa isa = MOT_ISA_SCALAR;
    for (int i = 0; i < plan->steps; i++) {
        if (candidate_cuda(plan->step[i].variant)) return "cuda";
        if (candidate_peer(plan->step[i].variant)) return "auto"; /* the library dispatches by itself */
        if (plan->step[i].variant->isa > isa) isa = plan->step[i].variant->isa;
    }
    return mot_isa_name(isa);
}

static const char *library_of(const mot_plan *plan) {
    for (int i = 0; i < plan->steps; i++) {
        const peer *p = candidate_peer(plan->step[i].variant);
        if (p) return p->library;
        const mot_cuda_variant *v = candidate_cuda(plan->step[i].variant);
        if (v) return v->baseline ? v->family : "mot_cuda";
    }
    return "mot";
}

/* Whether a check of each of its kernels on a real GPU is on record. */
static bool all_verified(const mot_plan *plan) {
    for (int i = 0; i < plan->steps; i++)
        if (!mot_cuda_verified(candidate_cuda(plan->step[i].variant))) return false;
    return true;
}

static void set_identity(json_t *line, const contestant *c, const mot_shape *s, const measure_options *o) {
    char name[512], shape[SHAPE_TEXT], hash[20];
    shape_print(shape, s);
    const bool cuda = plan_is_cuda(&c->plan);
    char where[16] = "gpu";
    if (!cuda) snprintf(where, sizeof where, "t%d", o->threads);
    snprintf(name, sizeof name, "%.300s/%s/%s/%s", c->name, shape, where, cache_state_name(o->cache));
    snprintf(hash, sizeof hash, "%016" PRIx64, hash_name(name));
    json_object_set_new(line, "name", json_string(name));
    json_object_set_new(line, "hash", json_string(hash));
    json_object_set_new(line, "shape", json_string(shape));
    json_object_set_new(line, "dims", samples_dims(s));
    json_object_set_new(line, "stage", json_string(mot_stage_name(stage_of(c))));
    json_object_set_new(line, "variant", json_string(variant_of(c)));
    json_object_set_new(line, "config", config_of(&c->plan));
    json_object_set_new(line, "isa", json_string(isa_of(&c->plan)));
    json_object_set_new(line, "library", json_string(library_of(&c->plan)));
    json_object_set_new(line, "dtype", json_string(mot_dtype_name(mot_plan_dtype(&c->plan))));
    json_object_set_new(line, "threads", json_integer(cuda ? 0 : o->threads));
    if (cuda) json_object_set_new(line, "verified", json_boolean(all_verified(&c->plan)));
    json_object_set_new(line, "cache", json_string(cache_state_name(o->cache)));
}

/* How a sample on a GPU was made cold. */
static void set_cold(json_t *line, const measurement *m) {
    json_object_set_new(line, "copies", json_integer((json_int_t)m->copies));
    json_object_set_new(line, "flushed_bytes", json_integer((json_int_t)m->flushed_bytes));
}

static void set_samples(json_t *line, const measurement *m) {
    json_t *ns = json_array(), *tainted = json_array();
    for (int i = 0; i < m->samples; i++) {
        json_array_append_new(ns, samples_number(m->ns[i]));
        if (m->taint[i]) json_array_append_new(tainted, json_integer(i));
    }
    json_object_set_new(line, "samples_ns", ns);
    json_object_set_new(line, "tainted", tainted);
    json_object_set_new(line, "iterations", json_integer(m->iterations));
    json_object_set_new(line, "stop", json_string(m->stop));
}

/* A number that exists only if `known`. */
static void set_number(json_t *line, const char *key, double value, bool known) {
    json_object_set_new(line, key, known ? samples_number(value) : json_null());
}

static void set_statistics(json_t *line, const measurement *m, const derived *d) {
    const bool timed = m->median_ns > 0, roofed = d->floor_ns > 0;
    set_number(line, "median_ns", m->median_ns, timed);
    set_number(line, "low_ns", m->low_ns, timed);
    set_number(line, "high_ns", m->high_ns, timed);
    set_number(line, "mad_ns", m->mad_ns, timed);
    set_number(line, "min_ns", m->min_ns, timed);
    set_number(line, "flops", d->flops, true);
    set_number(line, "bytes", d->bytes, true);
    set_number(line, "gflops", d->gflops, timed);
    set_number(line, "gbps", d->gbps, timed);
    set_number(line, "floor_ns", d->floor_ns, roofed);
    set_number(line, "pct_of_ceiling", d->pct_of_ceiling, timed && roofed);
}

static void set_counters(json_t *line, const counter_values *v) {
    json_t *values = json_object(), *reasons = json_object();
    for (int i = 0; i < v->count; i++) {
        json_object_set_new(values, v->name[i], samples_number(v->value[i]));
        if (v->reason[i][0]) json_object_set_new(reasons, v->name[i], samples_text(v->reason[i]));
    }
    json_object_set_new(line, "counters", values);
    json_object_set_new(line, "counters_reason", reasons);
}

static void set_status(json_t *line, const measurement *m, const derived *d) {
    const bool overrule = d->mistrusted && strcmp(m->status, "ok") == 0;
    char reason[160];
    snprintf(reason, sizeof reason, "%.0f %% of the measured ceiling: beyond both intervals", d->pct_of_ceiling);
    json_object_set_new(line, "status", json_string(overrule ? "mistrusted" : m->status));
    json_object_set_new(line, "reason", samples_text(overrule ? reason : m->reason));
}

bool samples_bench(samples_writer *w, const contestant *c, const mot_shape *s, const measure_options *o,
                   const measurement *m, const ceilings *or_null, const char *group) {
    if (!w) return true;
    s = contestant_shape(c, s);
    const derived d = samples_derive(c, s, o, m, or_null);
    json_t *line = json_pack("{s:s}", "type", "bench");
    set_identity(line, c, s, o);
    set_status(line, m, &d);
    json_object_set_new(line, "group", samples_text(group));
    json_object_set_new(line, "comparison", json_integer(m->comparison));
    set_samples(line, m);
    if (plan_is_cuda(&c->plan)) set_cold(line, m);
    set_statistics(line, m, &d);
    set_counters(line, &m->counters);
    return samples_line(w, line);
}
