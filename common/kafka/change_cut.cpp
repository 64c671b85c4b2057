#include "kafka/change_cut.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/line_decoder.hpp"
#include "event/order.hpp"

#include <simdjson.h>

#include <cstring>

namespace cdc::kafka {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::JsonCursor;

namespace {

/// Moves `at` in front of `text`, where that ends there.
template<std::size_t kSize>
bool cut_before(std::string_view value, std::size_t& at, const char (&text)[kSize]) {
    constexpr std::size_t kLength = kSize - 1;
    if (at < kLength || std::memcmp(value.data() + at - kLength, text, kLength) != 0) {
        return false;
    }
    at -= kLength;
    return true;
}

} // namespace

bool is_change(std::string_view line) {
    JsonCursor cursor{line};
    return cursor.open('{') && cursor.member_name() == "key";
}

void cut_change(std::string_view line, ChangeCut& cut) {
    cut = {};
    if (!simdjson::validate_utf8(line.data(), line.size())) {
        fail(ExitCode::bad_data, "not UTF-8: {}", in_quotes(line, 60));
    }
    JsonCursor cursor{line};
    cursor.open('{');
    cursor.member_name();
    cut.key = cursor.value();
    bool first = true;
    while (cursor.next('}')) {
        if (first) {
            cut.rest = line.substr(cursor.offset());
            first = false;
        }
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "source") {
            cut.source = value;
        } else if (name == "op") {
            cut.op = value.size() == 3 ? value[1] : '?';
        } else if (name == "before") {
            cut.before = value;
        } else if (name == "after") {
            cut.after = value;
        }
    }
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "not JSON: {} at byte {}", cursor.error(), cursor.offset() + 1);
    }
    if (!cursor.at_end()) {
        fail(ExitCode::bad_data, "not JSON: text behind the object at byte {}",
             cursor.offset() + 1);
    }
    if (cut.key.empty() || (cut.key[0] != '{' && cut.key != "null")) {
        fail(ExitCode::bad_data, "key is {}, not an object", in_quotes(cut.key));
    }
    if (cut.source.empty()) {
        fail(ExitCode::bad_data, "change without source");
    }
    if (cut.op == 0 || std::strchr("cudrtm", cut.op) == nullptr) {
        fail(ExitCode::bad_data, "change without a known op");
    }
    cut_source(cut.source, cut);
    if (cut.order.empty()) {
        fail(ExitCode::bad_data, "change without source.order");
    }
    if (cut.op != 'm' && (cut.table.size() < 3 || cut.table[0] != '"')) {
        fail(ExitCode::bad_data, "change without source.table");
    }
}

void cut_source(std::string_view source, ChangeCut& cut) {
    cut.source = source;
    JsonCursor cursor{cut.source};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "db") {
            cut.db = value;
        } else if (name == "schema") {
            cut.schema = value;
        } else if (name == "table") {
            cut.table = value;
        } else if (name == "connector") {
            cut.connector = value;
        } else if (name == "order") {
            if (value.size() != 34 || !event::Order::parse(value.substr(1, 32))) {
                fail(ExitCode::bad_data, "source.order is {}, not 32 hex digits", in_quotes(value));
            }
            cut.order = value.substr(1, 32);
        } else if (name == "ts_ms") {
            const auto number = base::parse_integer<std::int64_t>(value);
            if (!number && value != "null") {
                fail(ExitCode::bad_data, "source.ts_ms is {}, not an integer", in_quotes(value));
            }
            cut.ts_ms = number.value_or(0);
        }
    }
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "source is not an object: {}", in_quotes(cut.source));
    }
}

std::string plain_name(std::string_view json) {
    return json.starts_with('"') ? event::json_string_value(json) : std::string{};
}

std::string_view own_order(std::string_view value) {
    constexpr std::size_t kDigits = 32;
    if (value.empty() || value.back() != '}') {
        return {};
    }
    const std::size_t last = value.size() - 1;
    std::size_t at = last;
    while (at > 0 && value[at - 1] >= '0' && value[at - 1] <= '9') {
        --at;
    }
    // "order":"…"},"op":"x","ts_ms":…
    if (at == last || !cut_before(value, at, R"(","ts_ms":)") || at == 0) {
        return {};
    }
    --at; // x
    if (!cut_before(value, at, R"("},"op":")") || at < kDigits) {
        return {};
    }
    at -= kDigits;
    const std::string_view digits = value.substr(at, kDigits);
    return cut_before(value, at, R"("order":")") && event::Order::parse(digits)
               ? digits
               : std::string_view{};
}

bool append_joined(std::string& out, std::string_view key, std::string_view value) {
    if (value.size() < 2 || value.front() != '{' || value.back() != '}' ||
        std::memchr(value.data(), '\n', value.size()) != nullptr ||
        std::memchr(key.data(), '\n', key.size()) != nullptr) {
        return false;
    }
    out += "{\"key\":";
    out += key;
    out += ',';
    out.append(value.data() + 1, value.size() - 1);
    return true;
}

} // namespace cdc::kafka
