/* write_example SAMPLES FORMAT [hostile]: writes the synthetic samples to a file and their report to stdout; for
 * looking at, and for the tests that open the page with other programs. */
#include "fixture.h"
#include "report.h"

int main(int argc, char **argv) {
    fixture f = fixture_full();
    report *r = NULL;
    char error[256] = "";
    if (argc < 3) return fputs("usage: write_example SAMPLES FORMAT [hostile]\n", stderr), 2;
    if (argc > 3) f.text = "</script><b x='\\\"&\\u0008\\uffff]]>\xff-->";
    FILE *out = fopen(argv[1], "w");
    if (!out) return perror(argv[1]), 5;
    fixture_write(out, &f);
    if (fclose(out) != 0) return perror(argv[1]), 5;
    if (!report_load(&r, (const char *const *)&argv[1], 1, NULL, error, sizeof error))
        return fprintf(stderr, "%s\n", error), 5;
    bool good = report_write(r, argv[2], stdout);
    report_free(r);
    return good ? 0 : 5;
}
