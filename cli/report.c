/* report.c: `motbench report`: sample files become one document. */
#include "report.h"
#include "outputs.h"
#include "verb.h"

static bool write_report(const void *data, const char *format, FILE *file, bool colours) {
    (void)colours;
    return report_write(data, format, file);
}

static int run_report(options *o) {
    char error[512] = "";
    report *r = NULL;
    outputs out;
    int code = outputs_open(&out, o, OUTPUT_DOCUMENT);
    if (code) return code;
    if (!report_load(&r, o->arg, (size_t)o->args, o->profile, error, sizeof error))
        code = verb_fail(o, EXIT_USAGE, "%s", error);
    code = outputs_finish(&out, code ? NULL : write_report, r, true, code);
    report_free(r);
    return code;
}

const verb verb_report = {
    .name = "report",
    .summary = "sample files (and a profile) as one HTML file, Markdown, CSV, JSON",
    .doc = "Makes a report of the sample files that `motbench bench --out` and `motbench run` wrote, as in "
           "`motbench report samples.jsonl --out report.html`.",
    .args = "SAMPLES.jsonl...",
    .least_args = 1,
    .most_args = MAX_ARGS,
    .flags = FLAG(PROFILE) | FLAGS_OUTPUT,
    .formats = "text html md csv json",
    .outputs = "write FILE instead of stdout, in the format of its extension (.html .md .csv .json .txt)",
    .run = run_report,
};
