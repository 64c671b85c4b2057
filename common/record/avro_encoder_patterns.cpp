#include "base/error.hpp"
#include "record/avro_encoder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using event::JsonCursor;

void AvroEncoder::append(std::string& out, const AvroSchema& schema, std::string_view json) {
    m_root = &schema.root();
    m_learning = nullptr;
    if (!append_as_before(out, json)) {
        append_anew(out, json);
    }
}

bool AvroEncoder::append_as_before(std::string& out, std::string_view json) {
    const std::size_t start = out.size();
    for (std::size_t i = 0; i < m_patterns.size(); ++i) {
        if (&m_patterns[i].root() != m_root) {
            continue;
        }
        if (append_as(out, m_patterns[i], json)) {
            if (i != 0) {
                std::swap(m_patterns[0], m_patterns[i]);
            }
            return true;
        }
        out.resize(start);
    }
    return false;
}

/// False: the JSON is not of that form; `out` may then have grown.
bool AvroEncoder::append_as(std::string& out, const AvroPattern& pattern, std::string_view json) {
    const char* at = json.data();
    const char* const end = at + json.size();
    const char* const known = pattern.json().data();
    const char* const bytes = pattern.avro().data();
    for (const AvroPattern::Part& part : pattern.parts()) {
        if (static_cast<std::size_t>(end - at) < part.json_size ||
            std::memcmp(at, known + part.json_begin, part.json_size) != 0) {
            return false;
        }
        at += part.json_size;
        out.append(bytes + part.avro_begin, part.avro_size);
        if (const char* behind = append_common_value(out, *part.type, at, end, m_scratch)) {
            at = behind;
            continue;
        }
        m_field = part.field;
        JsonCursor cursor{{at, static_cast<std::size_t>(end - at)}};
        append_form(out, *part.type, cursor);
        if (cursor.failed()) {
            return false;
        }
        at += cursor.offset();
    }
    out += pattern.avro_tail();
    return pattern.json_tail() == std::string_view{at, static_cast<std::size_t>(end - at)};
}

void AvroEncoder::append_anew(std::string& out, std::string_view json) {
    // Learning costs about as much as a record: rarely where nothing ever matches.
    constexpr std::size_t kRarely = 64;
    AvroPattern pattern{*m_root};
    const bool learns = m_patterns.size() < kPatterns || ++m_misses % kRarely == 0;
    m_learning = learns && m_root->kind == AvroKind::record ? &pattern : nullptr;
    m_learning_from = out.size();
    m_field = nullptr;
    m_image = Image::none;
    m_in_source = false;
    m_before_columns.clear();
    m_after_columns.clear();
    JsonCursor cursor{json};
    append_value(out, *m_root, cursor);
    if (cursor.failed()) {
        fail(ExitCode::bad_data, "not JSON: {} at byte {}", cursor.error(), cursor.offset() + 1);
    }
    if (m_learning != nullptr) {
        pattern.learn_constants(json, std::string_view{out}.substr(m_learning_from));
        learn(std::move(pattern));
        m_learning = nullptr;
    }
}

void AvroEncoder::learn(AvroPattern pattern) {
    if (pattern.json().size() + pattern.avro().size() > kLongestPattern) {
        return;
    }
    if (m_patterns.size() >= kPatterns) {
        m_patterns.pop_back();
    }
    m_patterns.insert(m_patterns.begin(), std::move(pattern));
}

/// Whether a value of the type is one to a pattern. What a change's source says of its table is a
/// part of the constants.
bool AvroEncoder::is_learnt_value(const AvroType& type) const {
    static constexpr std::string_view kConstant[] = {"version", "connector", "name",    "db",
                                                     "schema",  "table",     "snapshot"};
    const AvroKind kind = type.not_null().kind;
    return kind != AvroKind::record && kind != AvroKind::null &&
           !(m_in_source && m_field != nullptr &&
             std::find(std::begin(kConstant), std::end(kConstant), m_field->name) !=
                 std::end(kConstant));
}

void AvroEncoder::append_value(std::string& out, const AvroType& type, JsonCursor& cursor) {
    if (m_learning == nullptr || !is_learnt_value(type)) {
        append_form(out, type, cursor);
        return;
    }
    AvroPattern* pattern = std::exchange(m_learning, nullptr); // not of the values inside
    cursor.peek();
    AvroPattern::Place json{cursor.offset()};
    AvroPattern::Place avro{out.size() - m_learning_from};
    append_form(out, type, cursor);
    json.end = cursor.offset();
    avro.end = out.size() - m_learning_from;
    pattern->learn_value(m_field, type, json, avro);
    m_learning = pattern;
}

} // namespace cdc::record
