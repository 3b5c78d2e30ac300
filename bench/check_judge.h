/* check_judge.h: compares one run's output with the oracle. */
#ifndef BENCH_CHECK_JUDGE_H
#define BENCH_CHECK_JUDGE_H

#include "data.h"
#include "variance.h"
#include "workspace.h"

/* What a check has found so far, over all of its runs. The first failure is kept. */
typedef struct findings {
    check_result result;
    size_t zeros; /* among those compared */
} findings;

/* Set the verdict and its reason: FAIL and CRASH over any other, SKIP (the check itself lacks something) and MARGINAL
 * over PASS. Always false. */
bool findings_fail(findings *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool findings_crash(findings *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool findings_skip(findings *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool findings_marginal(findings *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All outputs of one run; `where` says which run it was, for the reason. False: it failed. */
bool judge_outputs(findings *, const problem *, const mot_choice *or_null, const workspace *, const char *where);

#endif
