/* label.h: numbers as a reader wants them: few digits, a unit, never a bare exponent. "–" for what is unknown. */
#ifndef REPORTS_LABEL_H
#define REPORTS_LABEL_H

#include "records.h"

typedef struct label {
    char s[64];
} label;

/* One unit and number of decimals for a column, so that its numbers line up. */
typedef struct unit {
    const char *name;
    double scale; /* value / scale is printed */
    int decimals;
} unit;

unit label_time_unit(interval finest); /* for times in ns of which `finest` is the smallest */
label label_in(double value, unit);
label label_range(interval, unit); /* "[49.9, 50.4]", "" if unknown */
label label_time(double ns);       /* "50.1 ms" */
label label_ratio(double);         /* "1.14×" */
label label_ratio_fine(double);    /* "1.023×" */
label label_gain(interval);        /* a ratio with as many digits as its interval supports */
label label_ratio_range(interval); /* "[1.12, 1.16]", "" if unknown */
label label_number(double);        /* 3 significant digits, thousands unsplit */
label label_count(double);
label label_bytes(double);             /* "32 MiB" */
label label_others(size_t others);     /* " and 6 more", or "" */
label label_threads(int threads);      /* "1 thread", "2 threads"; 0: "on the GPU" */
label label_dtype(const char *dtype);  /* ", bf16"; "" for f32, which goes without saying */
label label_percent(double);           /* of 100: "86.1 %" */
label label_library(const char *name); /* "oneDNN packed" of "onednn_packed"; as it is if it is unknown */

#endif
