/* main.c: the table of verbs. */
#include "candidates.h"
#include "verb.h"

#include <stdio.h>
#include <string.h>

static const verb *const verbs[] = {&verb_run,   &verb_info,     &verb_doctor, &verb_list,   &verb_check,
                                    &verb_bench, &verb_ceilings, &verb_tune,   &verb_report, &verb_export};
enum { VERBS = sizeof verbs / sizeof *verbs };

static void help(FILE *file) {
    fputs("motbench: checks, times and tunes the Mixture of Tokens kernels of libmot on this machine.\n\n"
          "usage: motbench VERB [FLAGS]      (motbench VERB --help; motbench --version)\n\n",
          file);
    for (int i = 0; i < VERBS; i++) fprintf(file, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs(
        "\nShapes are written g64t32e32d512h2048: 64 groups of 32 tokens, 32 experts, width 512, expert width 2048.\n"
        "Results go to stdout, everything else to stderr. Each flag has a variable: MOTBENCH_MIN_TIME for --min-time.\n"
        "Exit: 0 ok, 1 a check failed, 2 usage, 4 inconclusive (--strict), 5 environment, 77 all skipped, 128+n "
        "signal.\n",
        file);
}

static int refuse(const char *what, const char *text) {
    fprintf(stderr, "motbench: %s%s%.60s%s; verbs:", what, *text ? " '" : "", text, *text ? "'" : "");
    for (int i = 0; i < VERBS; i++) fprintf(stderr, " %s", verbs[i]->name);
    fputs(" (motbench --help)\n", stderr);
    return EXIT_USAGE;
}

static int run_verb(const verb *v, int argc, char **argv) {
    static options o; /* large */
    options_parse(&o, v, argc, argv);
    int code = v->run(&o);
    options_free(&o);
    peers_leave();
    return code;
}

int main(int argc, char **argv) {
    if (argc < 2) return refuse("no verb", "");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        help(stdout);
        return verb_finish(EXIT_OK);
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
        printf("motbench %s\n", mot_version_string());
        return verb_finish(EXIT_OK);
    }
    for (int i = 0; i < VERBS; i++)
        if (!strcmp(argv[1], verbs[i]->name)) return verb_finish(run_verb(verbs[i], argc, argv));
    return refuse("unknown verb", argv[1]);
}
