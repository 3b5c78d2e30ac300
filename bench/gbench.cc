/* gbench.cc: the C interface of gbench.h over Google Benchmark. */
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

int added = 0; // indexes handed out; the registry itself belongs to the library

// Takes the place of the library's console output.
class collector : public benchmark::BenchmarkReporter {
  public:
    std::vector<Run> runs;
    bool ReportContext(const Context &) override { return true; }
    void ReportRuns(const std::vector<Run> &report) override { runs.insert(runs.end(), report.begin(), report.end()); }
};

void call(benchmark::State &state, gbench_body body, void *data) {
    const auto iterations = state.max_iterations;
    while (state.KeepRunningBatch(iterations)) {
        gbench_batch batch = {};
        batch.iterations = static_cast<long>(iterations);
        body(data, &batch);
        state.SetIterationTime(batch.seconds);
        for (int i = 0; i < batch.counter_count; i++) state.counters[batch.counter_name[i]] = batch.counter[i];
    }
}

gbench_batch result_of(const benchmark::BenchmarkReporter::Run &run) {
    gbench_batch result = {};
    result.iterations = static_cast<long>(run.iterations);
    result.seconds = run.real_accumulated_time; // the manual time
    for (const auto &counter : run.counters) {
        if (result.counter_count == GBENCH_COUNTERS) break;
        const int i = result.counter_count++;
        std::snprintf(result.counter_name[i], GBENCH_NAME, "%s", counter.first.c_str());
        result.counter[i] = counter.second.value;
    }
    return result;
}

// Names carry the index first, so that one of them can be selected however the rest reads.
std::string prefix(int index) { return "#" + std::to_string(index) + " "; }

} // namespace

const char *gbench_version(void) { return "Google Benchmark " GBENCH_VERSION; }

int gbench_add(const char *name, gbench_body body, void *data, long iterations) try {
    benchmark::RegisterBenchmark((prefix(added) + name).c_str(),
                                 [=](benchmark::State &state) { call(state, body, data); })
        ->Iterations(iterations)
        ->Repetitions(1)
        ->UseManualTime();
    return added++;
} catch (...) {
    return -1;
}

bool gbench_run(int index, gbench_batch *result) try {
    if (index < 0 || index >= added) return false; // an empty selection is no error to the library
    collector reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter, "^" + prefix(index));
    if (reporter.runs.size() != 1 || reporter.runs[0].error_occurred) return false;
    *result = result_of(reporter.runs[0]);
    return true;
} catch (...) {
    return false;
}

void gbench_clear(void) {
    benchmark::ClearRegisteredBenchmarks();
    added = 0;
}
