#include "label.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const label unknown = {"–"};

/* Decimals that show `digits` significant digits of value. */
static int decimals_for(double value, int digits) {
    double d = value > 0 && isfinite(value) ? digits - 1 - floor(log10(value)) : 0;
    return d < 0 ? 0 : d > 9 ? 9 : (int)d;
}

static label number(double value, int decimals, const char *unit) {
    label l = unknown;
    if (isfinite(value)) snprintf(l.s, sizeof l.s, fabs(value) < 1e15 ? "%.*f%s" : "%.*e%s", decimals, value, unit);
    return l;
}

unit label_time_unit(interval finest) {
    static const unit units[] = {{"ns", 1, 0}, {"µs", 1e3, 0}, {"ms", 1e6, 0}, {"s", 1e9, 0}};
    size_t i = 0;
    while (i < 3 && finest.value >= 1000 * units[i].scale) i++;
    unit u = units[i];
    double value = finest.value / u.scale, width = (finest.high - finest.low) / u.scale;
    /* Enough digits to see the interval, at least three, at most four. */
    int least = decimals_for(value, 3);
    int wanted = width > 0 ? decimals_for(width, 1) : least;
    u.decimals = wanted < least ? least : wanted > least + 1 ? least + 1 : wanted;
    return u;
}

label label_in(double value, unit u) { return number(value / u.scale, u.decimals, ""); }

static label range(double low, double high, int decimals) {
    label l = {""};
    if (isfinite(low) && isfinite(high)) snprintf(l.s, sizeof l.s, "[%.*f, %.*f]", decimals, low, decimals, high);
    return l;
}

label label_range(interval i, unit u) { return range(i.low / u.scale, i.high / u.scale, u.decimals); }

label label_time(double ns) {
    if (!(ns > 0)) return unknown;
    unit u = label_time_unit((interval){ns, NAN, NAN});
    label value = label_in(ns, u), l;
    snprintf(l.s, sizeof l.s, "%.50s %s", value.s, u.name);
    return l;
}

/* Three digits, or four where the interval is that narrow. */
static int ratio_decimals(interval i) {
    int usual = decimals_for(i.value, i.value >= 1 ? 3 : 2);
    return i.high - i.low < 2.5 * pow(10, -usual) ? usual + 1 : usual;
}

label label_ratio(double r) { return number(r, decimals_for(r, r >= 1 ? 3 : 2), "×"); }
label label_ratio_fine(double r) { return number(r, decimals_for(r, r >= 1 ? 4 : 3), "×"); }
label label_gain(interval i) { return number(i.value, ratio_decimals(i), "×"); }
label label_ratio_range(interval i) { return range(i.low, i.high, ratio_decimals(i)); }
label label_number(double v) { return number(v, decimals_for(fabs(v), 3), ""); }
label label_count(double v) { return number(v, 0, ""); }
label label_others(size_t others) {
    label l = {""};
    if (others) snprintf(l.s, sizeof l.s, " and %zu more", others);
    return l;
}
label label_threads(int threads) {
    label l = {"on the GPU"};
    if (threads) snprintf(l.s, sizeof l.s, "%d thread%s", threads, threads == 1 ? "" : "s");
    return l;
}

label label_dtype(const char *dtype) {
    label l = {""};
    if (strcmp(dtype, "f32") != 0) snprintf(l.s, sizeof l.s, ", %.32s", dtype);
    return l;
}

label label_library(const char *name) {
    static const char *const spelt[][2] = {
        {"openblas", "OpenBLAS"}, {"blis", "BLIS"}, {"onednn", "oneDNN"}, {"libxsmm", "LIBXSMM"}};
    const size_t length = strcspn(name, "_");
    label l;
    for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++)
        if (strlen(spelt[i][0]) == length && strncmp(name, spelt[i][0], length) == 0) {
            snprintf(l.s, sizeof l.s, "%s%s%.48s", spelt[i][1], name[length] ? " " : "",
                     name + length + (name[length] != 0));
            return l;
        }
    snprintf(l.s, sizeof l.s, "%.63s", name);
    return l;
}

label label_percent(double v) { return number(v, v < 9.95 ? 1 : 0, "\u00a0%"); }

label label_bytes(double bytes) {
    static const char *const names[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    int i = 0;
    while (i < 4 && bytes >= 1024) bytes /= 1024, i++;
    return number(bytes, bytes < 10 && bytes != floor(bytes) ? 1 : 0, names[i]);
}
