#include "cli/process_figures.hpp"

#include "base/log.hpp"
#include "base/version.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <sys/resource.h>
#include <unistd.h>

namespace cdc::cli {

namespace {

/// When the program was loaded.
const std::time_t g_start = std::time(nullptr);

long resident_bytes() {
    long total = 0;
    long resident = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr) {
        return 0;
    }
    const int read = std::fscanf(file, "%ld %ld", &total, &resident);
    std::fclose(file);
    return read == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

} // namespace

std::string process_figures(std::string_view prefix) {
    std::string out =
        fmt::format("# HELP {0}_start_time_seconds When the process started\n"
                    "# TYPE {0}_start_time_seconds gauge\n{0}_start_time_seconds {1}\n",
                    prefix, g_start);
    if (const long bytes = resident_bytes(); bytes > 0) {
        out +=
            fmt::format("# HELP {0}_resident_memory_bytes Resident memory of the process\n"
                        "# TYPE {0}_resident_memory_bytes gauge\n{0}_resident_memory_bytes {1}\n",
                        prefix, bytes);
    }
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out += fmt::format("# HELP {0}_cpu_seconds_total CPU time of the process, user and system\n"
                           "# TYPE {0}_cpu_seconds_total counter\n{0}_cpu_seconds_total {1:.3f}\n",
                           prefix, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    }
    out += fmt::format("# HELP {0}_log_messages_total Messages on standard error\n"
                       "# TYPE {0}_log_messages_total counter\n"
                       "{0}_log_messages_total{{level=\"error\"}} {1}\n"
                       "{0}_log_messages_total{{level=\"warning\"}} {2}\n",
                       prefix, base::log::count(base::log::Level::error),
                       base::log::count(base::log::Level::warning));
    out += fmt::format("# HELP {0}_build_info Version of the tool; always 1\n"
                       "# TYPE {0}_build_info gauge\n{0}_build_info{{version=\"{1}\"}} 1\n",
                       prefix, base::version());
    return out;
}

} // namespace cdc::cli
