#include "html.h"
#include "plot.h"

#include <math.h>
#include <string.h>

static void fact(FILE *out, const char *name, const char *value) {
    if (*value) html(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

static void facts(const machine *m, FILE *out) {
    html(out, "<dl class=\"facts\">\n");
    fact(out, "Processor", m->cpu);
    fact(out, "Instruction set used", m->isa);
    fact(out, "Present", m->isa_present);
    html(out, "<div><dt>Cores, threads a core, NUMA nodes</dt><dd>%s · %s · %s</dd></div>\n", label_count(m->cores).s,
         label_count(m->smt).s, label_count(m->numa_nodes).s);
    html(out, "<div><dt>Caches L1d, L2, L3</dt><dd>%s · %s · %s</dd></div>\n", label_bytes(m->l1d).s,
         label_bytes(m->l2).s, label_bytes(m->l3).s);
    fact(out, "Memory", label_bytes(m->memory).s);
    fact(out, "System", m->os);
    fact(out, "Kernel", m->kernel);
    fact(out, "Virtualisation", m->virtualisation);
    fact(out, "Governor", m->governor);
    html(out, "<div><dt>Load, stolen time</dt><dd>%s · %s</dd></div>\n", label_number(m->load1).s,
         label_percent(m->steal_pct).s);
    html(out, "<div><dt>Timer</dt><dd>%s, resolution %s ns, overhead %s ns</dd></div>\n",
         *m->timer ? m->timer : "unnamed", label_number(m->timer_resolution_ns).s,
         label_number(m->timer_overhead_ns).s);
    fact(out, "Counters", m->counters);
    fact(out, "Missing counters", m->counters_reason);
    fact(out, "GPU", m->gpu);
    for (size_t i = 0; i < m->library_count; i++) fact(out, m->libraries[i].name, m->libraries[i].value);
    fact(out, "Fingerprint", m->fingerprint);
    html(out, "</dl>\n");
}

/* A tinted box with its name and size on one line. */
static void part(FILE *out, const char *classes, double x, double y, double w, double h, const char *name,
                 const char *size) {
    html(out, "<rect class=\"%s\" x=\"%f\" y=\"%f\" width=\"%f\" height=\"%f\" rx=\"4\"/>", classes, x, y, w, h);
    html(out, "<text class=\"mid\" x=\"%f\" y=\"%f\">%s%s%s</text>\n", x + w / 2, y + h / 2 + 4, name, *size ? " " : "",
         size);
}

static void core(FILE *out, const machine *m, int number, double x, double w, bool narrow) {
    char name[24];
    snprintf(name, sizeof name, narrow ? "%d" : "core %d", number);
    part(out, "core", x, 104, w, 34, name, "");
    part(out, "l1", x, 142, w, 26, narrow ? "" : "L1d", narrow ? "" : label_bytes(m->l1d).s);
    part(out, "l2", x, 172, w, 30, narrow ? "" : "L2", narrow ? "" : label_bytes(m->l2).s);
}

/* Memory, shared cache, cores: what the process may use, as far as the sample file says. */
static void topology(const machine *m, FILE *out) {
    enum { MOST = 16 };
    if (!(m->cores >= 1)) return;
    int cores = m->cores > MOST ? MOST : (int)m->cores;
    double left = 16, room = 468, gap = cores > 8 ? 4 : 10, width = (room - gap * (cores - 1)) / cores;
    char smt[128], more[48] = "";
    if (m->cores > MOST) snprintf(more, sizeof more, ", %d of %.0f cores drawn", cores, fmin(m->cores, 1e6));
    snprintf(smt, sizeof smt, "%.0f hardware thread%s a core%s", m->smt >= 1 ? fmin(m->smt, 999) : 1,
             m->smt > 1 ? "s" : "", more);
    plot_open(out, 500, 262, "Cores and caches that this process may use");
    part(out, "memory", 0.5, 0.5, 499, 261, "", "");
    part(out, "memory", left, 14, room, 36, "memory", label_bytes(m->memory).s);
    part(out, "l3", left, 58, room, 36, "L3", m->l3 > 0 ? label_bytes(m->l3).s : "unknown");
    for (int i = 0; i < cores; i++) core(out, m, i, left + i * (width + gap), width, width < 66);
    html(out, "<text class=\"mid title\" x=\"250\" y=\"226\">%s</text>", smt);
    if (width < 66) /* too narrow to be written into the boxes */
        html(out, "<text class=\"mid title\" x=\"250\" y=\"245\">L1d %s, L2 %s a core</text>\n", label_bytes(m->l1d).s,
             label_bytes(m->l2).s);
    plot_close(out);
}

static void doctor(const machine *m, FILE *out) {
    size_t bad = 0;
    for (size_t i = 0; i < m->doctor_count; i++) bad += strcmp(m->doctor[i].grade, "ok") != 0;
    if (!m->doctor_count) return;
    html(out, "<h3>How fit this machine is for timing</h3>\n");
    if (!bad) html(out, "<p>All %zu points are in order.</p>\n", m->doctor_count);
    if (!bad) return;
    html(out, "<div "
              "class=\"scroll\"><table><thead><tr><th>Point</th><th>Grade</th><th>Found</th><th>Advice</th></tr></"
              "thead><tbody>\n");
    for (size_t i = 0; i < m->doctor_count; i++) {
        const doctor_note *d = &m->doctor[i];
        if (strcmp(d->grade, "ok") == 0) continue;
        const char *class = strcmp(d->grade, "bad") == 0 ? "bad" : strcmp(d->grade, "warn") == 0 ? "warn" : "unknown";
        html(out,
             "<tr><th scope=\"row\">%s</th><td><span class=\"grade %s\">%s</span></td><td class=\"wrap\">%s</td><td "
             "class=\"wrap\">%s</td></tr>\n",
             d->name, class, d->grade, d->found, d->advice);
    }
    html(out, "</tbody></table></div>\n");
    size_t good = m->doctor_count - bad;
    if (good) html(out, "<p class=\"note\">In order: %zu other point%s.</p>\n", good, good == 1 ? "" : "s");
}

static void repeat(const records *r, FILE *out) {
    html(out, "<h3>To repeat it</h3>\n");
    for (size_t i = 0; i < r->run_count; i++) {
        const run_record *run = &r->runs[i];
        html(out, "<pre><code>%s</code></pre>\n<p class=\"note\">%s", run->command, run->time);
        html(out, " · revision %s%s · %s %s · seed %s · from %s</p>\n",
             *run->short_revision ? run->short_revision : "unknown", run->dirty ? " (modified)" : "", run->compiler,
             run->flags, *run->seed ? run->seed : "unknown", run->path);
    }
}

void html_machine(const model *m, FILE *out) {
    const machine *h = &m->records->machine;
    html_section(out, "machine", "Machine", "");
    html(out, "<div class=\"pair\"><div>\n");
    facts(h, out);
    html(out, "</div><div>\n");
    topology(h, out);
    html(out, "</div></div>\n");
    doctor(h, out);
    repeat(m->records, out);
    html_section_end(out);
}
