#include "cdc-verify/changed_keys.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cdc-verify/encode_parts.hpp"
#include "clickhouse/row_format.hpp"
#include "event/json_cursor.hpp"
#include "event/line_encoding.hpp"
#include "io/file_descriptor.hpp"
#include "io/line_reader.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::verify {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using Result = io::LineReader::Result;

void ChangedKeys::read(const std::string& path) {
    io::FileDescriptor file;
    if (path != "-") {
        file = io::FileDescriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (file.get() < 0) {
            fail(ExitCode::failed, "cannot read {}: {}", in_quotes(path), std::strerror(errno));
        }
    }
    io::LineReader reader{path == "-" ? STDIN_FILENO : file.get()};
    reader.set_wake_fd(io::stop_signal::wake_fd());
    std::string_view line;
    while (true) {
        const Result result = reader.next(line);
        if (result == Result::waiting) {
            throw io::Stopped{"lines were read"};
        }
        if (result == Result::end) {
            return;
        }
        if (result == Result::torn) {
            fail(ExitCode::bad_data, "{}: line {} has no end", in_quotes(path),
                 reader.line_number() + 1);
        }
        try {
            take(line);
        } catch (const base::Error& error) {
            fail(error.code(), "{}: line {}: {}", in_quotes(path), reader.line_number(),
                 error.what());
        }
    }
}

void ChangedKeys::take(std::string_view line) {
    const event::DecodedLine& decoded = m_decoder.decode(line);
    if (decoded.kind != event::LineKind::change || decoded.op == 'm') {
        return;
    }
    const auto name =
        m_source.table_of(decoded.source.db, decoded.source.schema, decoded.source.table);
    if (!name) {
        return;
    }
    if (event::encoding_of(decoded.source.raw) == event::Encoding::debezium) {
        fail(ExitCode::refused,
             "the values of {} are in Debezium's encodings, by which rows cannot be asked for",
             in_quotes(name->schema + "." + name->table));
    }
    OfTable& table = m_tables[name->schema + "." + name->table];
    table.name = *name;
    if (decoded.op == 't') {
        table.truncated = true;
        return;
    }
    for (const std::string_view key : {decoded.key.raw, decoded.key_before, decoded.key_after}) {
        if (!key.empty() && key != "null") {
            table.keys.emplace(key);
        }
    }
    table.keyless = table.keyless || decoded.key.is_null() || decoded.key.is_missing();
}

const ChangedKeys::OfTable* ChangedKeys::find(const std::string& table) const {
    const auto found = m_tables.find(table);
    return found == m_tables.end() ? nullptr : &found->second;
}

namespace {

/// As cdc-load would store it: its images are those of the target.
Value key_value(const Column& column, std::string_view json, Scratch& scratch) {
    scratch.text.clear();
    if (column.type.kind == Kind::string) {
        scratch.text = json.front() == '"' ? event::json_string_value(json) : std::string{json};
        if (column.bytes && !column.as_text) {
            std::string bytes;
            if (!base::append_base64_decoded(bytes, scratch.text)) {
                fail(ExitCode::bad_data, "column {}: the key's value is not base64",
                     in_quotes(column.name));
            }
            scratch.text = std::move(bytes);
        }
        const Value value = column.trimmed ? trimmed(column, scratch) : Value{scratch.text};
        return in_fixed_string(column, value, scratch);
    }
    if (column.is_float() && column.number) {
        const std::string text =
            json.front() == '"' ? event::json_string_value(json) : std::string{json};
        return float_of(column, text, scratch);
    }
    clickhouse::ColumnMapping mapping;
    mapping.type = column.type;
    mapping.type.nullable = false;
    char made[clickhouse::max_value_size(0)];
    char* end = made;
    if (clickhouse::append_value(end, mapping, json) != nullptr) {
        return odd(scratch,
                   json.front() == '"' ? event::json_string_value(json) : std::string{json});
    }
    const auto size = static_cast<std::size_t>(end - made);
    std::memcpy(scratch.fixed, made, size);
    return {{scratch.fixed, size}};
}

std::string_view member(std::string_view json, const std::string& name) {
    event::JsonCursor cursor{json};
    std::string plain;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        plain.clear();
        const bool whole = event::append_json_unescaped(plain, cursor.member_name());
        const std::string_view value = cursor.value();
        if (whole && plain == name) {
            return value;
        }
    }
    return {};
}

} // namespace

std::string key_image(const Table& table, std::string_view json) {
    std::string image;
    Scratch scratch;
    for (const std::size_t index : table.key) {
        const Column& column = table.columns[index];
        const std::string_view value = member(json, column.name);
        if (value.empty()) {
            fail(ExitCode::bad_data, "the lines' key {} has no column {}", json,
                 in_quotes(column.name));
        }
        append_image(image, value == "null" ? Value{{}, true} : key_value(column, value, scratch));
    }
    return image;
}

namespace {

bool is_integer(const Column& column) {
    return column.type.kind >= Kind::int8 && column.type.kind <= Kind::uint64;
}

/// Nothing: it has none.
std::optional<base::Int128> number(const Column& column, const Value& value) {
    if (!is_integer(column) || value.null || value.odd) {
        return std::nullopt;
    }
    const std::string text = text_of(column.type, value);
    const auto wide = base::parse_integer<std::int64_t>(text);
    return wide ? base::Int128{*wide}
                : base::Int128{base::parse_integer<std::uint64_t>(text).value_or(0)};
}

} // namespace

void sort_keys(const Table& table, std::vector<std::string>& keys) {
    const Column& first = table.columns[table.key.front()];
    std::vector<std::pair<std::optional<base::Int128>, std::string>> sorted;
    sorted.reserve(keys.size());
    for (std::string& key : keys) {
        auto value = number(first, split_image(key, table.key.size()).front());
        sorted.emplace_back(value, std::move(key));
    }
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    keys.clear();
    for (auto& [value, key] : sorted) {
        keys.push_back(std::move(key));
    }
}

} // namespace cdc::verify
