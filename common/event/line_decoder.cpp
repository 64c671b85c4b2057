#include "event/line_decoder.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"

#include <simdjson.h>

namespace cdc::event {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

[[noreturn]] void broken(const JsonCursor& cursor, std::string_view where) {
    fail(ExitCode::bad_data, "{}: {} at byte {}", where, cursor.error(), cursor.offset() + 1);
}

void assign_string(std::string& out, std::string_view value, std::string_view member) {
    out.clear();
    if (value == "null") {
        return;
    }
    if (value.size() < 2 || value.front() != '"' ||
        !append_json_unescaped(out, value.substr(1, value.size() - 2))) {
        fail(ExitCode::bad_data, "source.{} is {}, not a string", member, in_quotes(value));
    }
}

std::int64_t integer_value(std::string_view value, std::string_view member) {
    if (value == "null") {
        return 0;
    }
    const auto number = base::parse_integer<std::int64_t>(value);
    if (!number) {
        fail(ExitCode::bad_data, "{} is {}, not an integer", member, in_quotes(value));
    }
    return *number;
}

void read_names(std::vector<std::string_view>& out, std::string_view array, std::string_view what) {
    JsonCursor cursor{array};
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        out.push_back(cursor.string());
    }
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "{} is {}, not a list of names", what, in_quotes(array));
    }
}

} // namespace

std::string json_string_value(std::string_view value) {
    std::string out;
    if (value.size() < 2 || value.front() != '"' ||
        !append_json_unescaped(out, value.substr(1, value.size() - 2))) {
        fail(ExitCode::bad_data, "{} is not a JSON string", in_quotes(value));
    }
    return out;
}

void LineDecoder::decode_image(JsonCursor& cursor, Image& image, const char* what) {
    image.fields.clear();
    if (cursor.peek() != '{') {
        image.raw = cursor.value();
        if (image.raw != "null") {
            fail(ExitCode::bad_data, "{} is {}, not an object", what, in_quotes(image.raw));
        }
        return;
    }
    const std::size_t start = cursor.offset();
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        image.fields.push_back({name, cursor.value()});
    }
    if (cursor.failed()) {
        broken(cursor, "not JSON");
    }
    image.raw = m_line.raw.substr(start, cursor.offset() - start);
}

void LineDecoder::decode_source(std::string_view text) {
    Source& source = m_line.source;
    source.raw = text;
    source.connector.clear();
    source.db.clear();
    source.schema.clear();
    source.table.clear();
    source.order = {};
    source.ts_ms = 0;
    source.gone.clear();
    if (text.empty()) {
        return;
    }
    JsonCursor cursor{text};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        const std::string_view value = cursor.value();
        if (name == "order") {
            const auto order =
                value.size() == 34 ? Order::parse(value.substr(1, 32)) : std::nullopt;
            if (!order) {
                fail(ExitCode::bad_data, "source.order is {}, not 32 hex digits", in_quotes(value));
            }
            source.order = *order;
        } else if (name == "table") {
            assign_string(source.table, value, name);
        } else if (name == "schema") {
            assign_string(source.schema, value, name);
        } else if (name == "db") {
            assign_string(source.db, value, name);
        } else if (name == "connector") {
            assign_string(source.connector, value, name);
        } else if (name == "ts_ms") {
            source.ts_ms = integer_value(value, "source.ts_ms");
        } else if (name == "gone") {
            read_names(source.gone, value, "source.gone");
        }
    }
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "source is not an object: {}", in_quotes(text));
    }
}

void LineDecoder::forget_last_line() {
    m_line.op = 0;
    for (Image* image : {&m_line.key, &m_line.before, &m_line.after}) {
        image->raw = {};
        image->fields.clear();
    }
    m_line.key_before = m_line.key_after = {};
    m_line.unchanged.clear();
    m_line.ts_ms = 0;
    decode_source({});
}

void LineDecoder::decode_change(JsonCursor& cursor) {
    while (cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        if (name == "before") {
            decode_image(cursor, m_line.before, "before");
        } else if (name == "after") {
            decode_image(cursor, m_line.after, "after");
        } else if (name == "source") {
            const std::string_view value = cursor.value();
            if (!cursor.failed()) {
                decode_source(value);
            }
        } else if (name == "op") {
            const std::string_view op = cursor.string();
            if (!cursor.failed() &&
                (op.size() != 1 || std::string_view{"cudrtm"}.find(op) == std::string_view::npos)) {
                fail(ExitCode::bad_data, "unknown op {}", in_quotes(op));
            }
            m_line.op = op.empty() ? '\0' : op[0];
        } else if (name == "unchanged") {
            const std::string_view value = cursor.value();
            if (!cursor.failed()) {
                read_names(m_line.unchanged, value, "unchanged");
            }
        } else if (name == "key_before") {
            m_line.key_before = cursor.value();
        } else if (name == "key_after") {
            m_line.key_after = cursor.value();
        } else if (name == "ts_ms") {
            const std::string_view value = cursor.value();
            if (!cursor.failed()) {
                m_line.ts_ms = integer_value(value, "ts_ms");
            }
        } else {
            cursor.value();
        }
    }
    if (cursor.failed()) {
        broken(cursor, "not JSON");
    }
    if (m_line.source.raw.empty()) {
        fail(ExitCode::bad_data, "change without source");
    }
    if (m_line.op == 0) {
        fail(ExitCode::bad_data, "change without op");
    }
}

const DecodedLine& LineDecoder::decode(std::string_view line) {
    if (!simdjson::validate_utf8(line.data(), line.size())) {
        fail(ExitCode::bad_data, "not UTF-8: {}", in_quotes(line, 60));
    }
    forget_last_line();
    m_line.raw = line;
    JsonCursor cursor{line};
    if (!cursor.open('{')) {
        fail(ExitCode::bad_data, "not a JSON object: {}", in_quotes(line, 60));
    }
    const std::string_view kind = cursor.member_name();
    if (cursor.failed()) {
        broken(cursor, "not JSON");
    }
    if (kind == "key") {
        m_line.kind = LineKind::change;
        decode_image(cursor, m_line.key, "key");
        m_line.payload = m_line.key.raw;
        decode_change(cursor);
    } else {
        static constexpr std::pair<std::string_view, LineKind> kKinds[] = {
            {"table", LineKind::table},
            {"facts", LineKind::facts},
            {"mark", LineKind::mark},
            {"snapshot", LineKind::snapshot},
            {"checkpoint", LineKind::checkpoint},
            {"transaction", LineKind::transaction},
            {"tombstone", LineKind::tombstone},
            {"dead_letter", LineKind::dead_letter}};
        const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const auto& k) { return k.first == kind; });
        if (found == std::end(kKinds)) {
            fail(ExitCode::bad_data, "unknown kind of line {}", in_quotes(kind));
        }
        m_line.kind = found->second;
        m_line.payload = cursor.value();
        std::string_view source;
        while (cursor.next('}')) {
            const std::string_view name = cursor.member_name();
            const std::string_view value = cursor.value();
            if (name == "source") {
                source = value;
            }
        }
        if (cursor.failed()) {
            broken(cursor, "not JSON");
        }
        if (m_line.kind == LineKind::table || m_line.kind == LineKind::facts ||
            m_line.kind == LineKind::mark || m_line.kind == LineKind::snapshot) {
            if (source.empty()) {
                fail(ExitCode::bad_data, "{} line without source", kind);
            }
            decode_source(source);
        }
    }
    if (!cursor.at_end()) {
        fail(ExitCode::bad_data, "not JSON: text behind the object at byte {}",
             cursor.offset() + 1);
    }
    return m_line;
}

} // namespace cdc::event
