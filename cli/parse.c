/* parse.c: see parse.h. */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Input is quoted in problems, and a problem is one line. */
bool problem_set(problem *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
    for (char *c = p->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return false;
}

bool parse_whole(uint64_t *out, const char *text, uint64_t least, uint64_t most, problem *p) {
    char *end;
    errno = 0;
    int base = text[0] == '0' && tolower((unsigned char)text[1]) == 'x' ? 16 : 10;
    unsigned long long value = isdigit((unsigned char)*text) ? strtoull(text, &end, base) : 0;
    if (!isdigit((unsigned char)*text) || *end || errno || value < least || value > most)
        return problem_set(p, "'%.80s': give a whole number from %llu to %llu", text, (unsigned long long)least,
                           (unsigned long long)most);
    *out = value;
    return true;
}

/* A plain decimal number, with no "nan", "inf" or hexadecimal; *end is what follows it. */
static bool read_decimal(double *out, const char *text, char **end) {
    if (!isdigit((unsigned char)*text) && *text != '.') return false;
    if (text[0] == '0' && tolower((unsigned char)text[1]) == 'x') return false;
    *out = strtod(text, end);
    return *end != text;
}

bool parse_seconds(double *out, const char *text, problem *p) {
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}, {"m", 60}};
    char *end;
    if (read_decimal(out, text, &end) && *out > 0 && *out <= 1e6)
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (!strcmp(end, units[i].unit)) {
                *out *= units[i].seconds;
                return true;
            }
    return problem_set(p, "'%.80s': give a time above 0, like 0.5, 2ms, 30s or 3min", text);
}

bool parse_share(double *out, const char *text, problem *p) {
    char *end;
    bool ok = read_decimal(out, text, &end);
    if (ok && !strcmp(end, "%"))
        *out /= 100;
    else
        ok = ok && !*end;
    return (ok && *out > 0 && *out < 1) ||
           problem_set(p, "'%.80s': give a share between 0 and 1, like 0.02 or 2%%", text);
}

bool parse_switch(bool *out, const char *text, problem *p) {
    static const char *const words[] = {"0", "no", "off", "false", "1", "yes", "on", "true"};
    for (size_t i = 0; i < 8; i++)
        if (!strcmp(text, words[i])) {
            *out = i >= 4;
            return true;
        }
    return problem_set(p, "'%.80s': give 1 or 0", text);
}

bool parse_list(const char *text, bool (*item)(void *, const char *, problem *), void *data, problem *p) {
    char *copy = strdup(text), *rest = copy, *part;
    bool ok = copy != NULL || problem_set(p, "out of memory");
    while (ok && (part = strsep(&rest, ",")))
        ok = *part ? item(data, part, p) : problem_set(p, "'%.80s': an item of the comma list is empty", text);
    free(copy);
    return ok;
}
