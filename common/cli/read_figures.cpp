#include "cli/read_figures.hpp"

#include "base/error.hpp"
#include "base/time.hpp"
#include "cli/metrics.hpp"

#include <httplib.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

namespace cdc::cli {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr int kTimeoutSeconds = 2;
constexpr std::int64_t kOldMs = 30'000; ///< the tools write theirs every five seconds

std::string ask(const std::string& place) {
    const auto colon = place.rfind(':');
    const std::string host = colon == 0 ? std::string{"127.0.0.1"} : place.substr(0, colon);
    httplib::Client client{host, std::stoi(place.substr(colon + 1))};
    client.set_connection_timeout(kTimeoutSeconds);
    client.set_read_timeout(kTimeoutSeconds);
    const auto answer = client.Get("/metrics");
    if (!answer) {
        fail(ExitCode::failed, "no figures at {}: {}", in_quotes(place),
             httplib::to_string(answer.error()));
    }
    if (answer->status != 200) {
        fail(ExitCode::failed, "no figures at {}: HTTP status {}", in_quotes(place),
             answer->status);
    }
    return answer->body;
}

/// Of a file that is no longer written.
void refuse_old(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return;
    }
    const std::int64_t age_ms = base::now_ms() - std::int64_t{status.st_mtime} * 1000;
    if (age_ms > kOldMs) {
        fail(ExitCode::failed, "the figures of {} were last written {} s ago", in_quotes(path),
             age_ms / 1000);
    }
}

std::string read(const std::string& path) {
    refuse_old(path);
    std::ifstream file{path};
    if (!file) {
        fail(ExitCode::failed, "cannot read figures of {}: {}", in_quotes(path),
             std::strerror(errno));
    }
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

} // namespace

std::map<std::string, double> parse_figures(std::string_view text) {
    std::map<std::string, double> out;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos || line.front() == '#' ||
            line.find('{') != std::string_view::npos) {
            continue;
        }
        const std::string_view number = line.substr(space + 1);
        double value = 0;
        if (std::from_chars(number.data(), number.data() + number.size(), value).ec ==
            std::errc{}) {
            out[std::string{line.substr(0, space)}] = value;
        }
    }
    return out;
}

std::map<std::string, double> read_figures(const std::string& place) {
    return parse_figures(Metrics::is_address(place) ? ask(place) : read(place));
}

} // namespace cdc::cli
