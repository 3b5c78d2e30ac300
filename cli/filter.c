/* filter.c: see filter.h. */
#include "filter.h"

#include <regex.h>
#include <stdlib.h>

struct filter {
    regex_t regex;
    bool negated;
};

bool filter_new(filter **out, const char *text, problem *p) {
    filter *f = calloc(1, sizeof *f);
    if (!f) return problem_set(p, "out of memory");
    f->negated = text[0] == '-';
    int code = regcomp(&f->regex, text + f->negated, REG_EXTENDED | REG_NOSUB);
    if (code) {
        char why[128];
        regerror(code, &f->regex, why, sizeof why);
        free(f);
        return problem_set(p, "'%.80s': %s; give an extended regular expression, like '^mix_' or -blas", text, why);
    }
    *out = f;
    return true;
}

bool filter_keeps(const filter *f, const char *name) {
    return !f || (regexec(&f->regex, name, 0, NULL, 0) == 0) != f->negated;
}

void filter_free(filter *f) {
    if (!f) return;
    regfree(&f->regex);
    free(f);
}
