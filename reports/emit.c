#include "emit.h"

#include <math.h>
#include <string.h>

static void put_string(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7F || strchr("\"\\<>&'", c))
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_key(emitter *d, const char *key) {
    if (d->comma) fputs(key ? ",\n" : ",", d->out);
    d->comma = true;
    if (!key) return;
    put_string(d->out, key);
    fputc(':', d->out);
}

void emit_open(emitter *d, const char *key, char bracket) {
    put_key(d, key);
    fputc(bracket, d->out);
    d->comma = false;
}

void emit_close(emitter *d, char bracket) {
    fputc(bracket, d->out);
    d->comma = true;
}

void emit_text(emitter *d, const char *key, const char *text) {
    put_key(d, key);
    put_string(d->out, text ? text : "");
}

static void put_number(FILE *out, double value) {
    if (!isfinite(value))
        fputs("null", out);
    else if (fabs(value) >= 1e4 && fabs(value) < 1e15)
        fprintf(out, "%.0f", value);
    else
        fprintf(out, "%.6g", value);
}

void emit_number(emitter *d, const char *key, double value) {
    put_key(d, key);
    put_number(d->out, value);
}

void emit_bool(emitter *d, const char *key, bool value) {
    put_key(d, key);
    fputs(value ? "true" : "false", d->out);
}

void emit_interval(emitter *d, const char *key, interval i) {
    put_key(d, key);
    if (!isfinite(i.value)) {
        fputs("null", d->out);
        return;
    }
    const double parts[] = {i.value, i.low, i.high};
    for (int k = 0; k < 3; k++) {
        fputc(k ? ',' : '[', d->out);
        put_number(d->out, parts[k]);
    }
    fputc(']', d->out);
}
