/* tune_run.h: the tuner with progress, for `motbench tune` and `motbench run`. */
#ifndef CLI_TUNE_RUN_H
#define CLI_TUNE_RUN_H

#include "options.h"
#include "tune.h"

/* Tunes the shapes for each thread count, cache state and data type, budget_s seconds together. EXIT_OK or an exit code
 * after a line on stderr; the summary adds up. */
int tune_run_all(const options *, bool cuda, const shape_list *, double budget_s, const char *profile_path,
                 const char *journal_path, samples_writer *, tune_summary *);

#endif
