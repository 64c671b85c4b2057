#include "clickhouse/transport.hpp"

#include "clickhouse/chdb.hpp"
#include "clickhouse/http.hpp"

namespace cdc::clickhouse {

namespace {

char unescaped(char c) {
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '0':
        return '\0';
    default:
        return c;
    }
}

} // namespace

std::vector<std::vector<std::string>> parse_tsv(std::string_view text) {
    std::vector<std::vector<std::string>> rows;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        std::vector<std::string>& row = rows.emplace_back(1);
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (line[i] == '\t') {
                row.emplace_back();
            } else if (line[i] == '\\' && i + 1 < line.size()) {
                if (line[++i] != 'N') {
                    row.back() += unescaped(line[i]);
                }
            } else {
                row.back() += line[i];
            }
        }
    }
    return rows;
}

std::unique_ptr<Transport> open_transport(const std::string& url, const TransportOptions& options) {
    constexpr std::string_view kChdb = "chdb:";
    if (url.rfind(kChdb, 0) == 0 && url.size() > kChdb.size()) {
        return std::make_unique<Chdb>(url.substr(kChdb.size()), options.chdb_library);
    }
    return std::make_unique<Http>(parse_http_url(url), options);
}

} // namespace cdc::clickhouse
