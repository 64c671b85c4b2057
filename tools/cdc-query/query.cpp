#include "cdc-query/query.hpp"

#include "base/error.hpp"
#include "clickhouse/transport.hpp"
#include "io/standard_streams.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace cdc::query {

using base::ExitCode;
using base::fail;

namespace {

std::string read_stdin() {
    std::string text;
    char bytes[65536];
    while (true) {
        const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof(bytes));
        if (got == 0) {
            return text;
        }
        if (got < 0 && errno != EINTR) {
            fail(ExitCode::failed, "cannot read stdin: {}", std::strerror(errno));
        }
        text.append(bytes, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
}

} // namespace

int run(const Options& options) {
    const std::string sql = options.sql == "-" ? read_stdin() : options.sql;
    if (sql.find_first_not_of(" \t\n;") == std::string::npos) {
        fail(ExitCode::usage, "there is no statement");
    }
    clickhouse::TransportOptions transport_options;
    transport_options.chdb_library = options.chdb_library;
    const auto transport = clickhouse::open_transport(options.target, transport_options);
    const std::string result = transport->query(sql, options.format);
    try {
        io::write_report(STDOUT_FILENO, result);
    } catch (const io::ReaderGone&) { // "| head" has enough
    }
    return static_cast<int>(ExitCode::ok);
}

} // namespace cdc::query
