#include "record/avro_pattern.hpp"

#include "event/json_cursor.hpp"
#include "event/json_scan.hpp"
#include "record/wire.hpp"

#include <cstring>

namespace cdc::record {

namespace {

constexpr int kMostDigits = 18; ///< of an integer that cannot overflow

/// A union's branch and a number, which take at most eleven bytes.
class Numbers {
public:
    void add(std::int64_t value) {
        std::uint64_t bits = zigzag(value);
        for (; bits >= 0x80; bits >>= 7) {
            m_bytes[m_size++] = static_cast<char>(bits | 0x80);
        }
        m_bytes[m_size++] = static_cast<char>(bits);
    }
    void append_to(std::string& out) const { out.append(m_bytes, m_size); }

private:
    char m_bytes[20];
    std::size_t m_size = 0;
};

const char* append_integer(std::string& out, Numbers numbers, bool narrow, const char* at,
                           const char* end) {
    const bool negative = at < end && *at == '-';
    at += negative ? 1 : 0;
    const char* const first = at;
    std::int64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; ++at) {
        if (at - first == kMostDigits) {
            return nullptr;
        }
        value = value * 10 + (*at - '0');
    }
    if (at == first || (*first == '0' && at - first > 1)) {
        return nullptr;
    }
    value = negative ? -value : value;
    if (narrow && value != static_cast<std::int32_t>(value)) {
        return nullptr;
    }
    numbers.add(value);
    numbers.append_to(out);
    return at;
}

const char* append_text(std::string& out, Numbers numbers, const char* at, const char* end,
                        std::string& scratch) {
    if (at == end || *at != '"') {
        return nullptr;
    }
    const char* const begin = ++at;
    bool escaped = false;
    for (; (at = event::find_json_special(at, end)) != end && *at != '"'; at += 2) {
        if (*at != '\\' || end - at < 2) {
            return nullptr;
        }
        escaped = true;
    }
    if (at == end) {
        return nullptr;
    }
    std::string_view text{begin, static_cast<std::size_t>(at - begin)};
    if (escaped) {
        scratch.clear();
        if (!event::append_json_unescaped(scratch, text)) {
            return nullptr;
        }
        text = scratch;
    }
    numbers.add(static_cast<std::int64_t>(text.size()));
    numbers.append_to(out);
    out += text;
    return at + 1;
}

} // namespace

void AvroPattern::learn_value(const AvroField* field, const AvroType& type, Place json,
                              Place avro) {
    const Gap before = m_gaps.empty() ? Gap{} : m_gaps.back();
    Part part{field, &type};
    part.json_size = json.begin - before.json.end;
    part.avro_size = avro.begin - before.avro.end;
    m_parts.push_back(part);
    m_gaps.push_back({json, avro});
}

void AvroPattern::learn_constants(std::string_view json, std::string_view avro) {
    Gap before;
    for (std::size_t i = 0; i < m_parts.size(); ++i) {
        Part& part = m_parts[i];
        part.json_begin = m_json.size();
        part.avro_begin = m_avro.size();
        m_json += json.substr(before.json.end, part.json_size);
        m_avro += avro.substr(before.avro.end, part.avro_size);
        before = m_gaps[i];
    }
    m_json_tail = m_json.size();
    m_avro_tail = m_avro.size();
    m_json += json.substr(before.json.end);
    m_avro += avro.substr(before.avro.end);
    m_parts.shrink_to_fit();
    m_json.shrink_to_fit();
    m_avro.shrink_to_fit();
    m_gaps = {};
}

const char* append_common_value(std::string& out, const AvroType& type, const char* at,
                                const char* end, std::string& scratch) {
    const AvroType* value = &type;
    Numbers numbers;
    if (type.kind == AvroKind::choice) {
        if (at < end && *at == 'n') {
            if (type.null_branch < 0 || end - at < 4 || std::memcmp(at, "null", 4) != 0) {
                return nullptr;
            }
            numbers.add(type.null_branch);
            numbers.append_to(out);
            return at + 4;
        }
        numbers.add(static_cast<std::int64_t>(type.value_branch()));
        value = type.branches[type.value_branch()];
    }
    if (value->kind == AvroKind::string) {
        return append_text(out, numbers, at, end, scratch);
    }
    const bool narrow = value->kind == AvroKind::int32;
    if ((narrow || value->kind == AvroKind::int64) &&
        (value->form == ValueForm::plain || value->form == ValueForm::connect)) {
        return append_integer(out, numbers, narrow, at, end);
    }
    return nullptr;
}

} // namespace cdc::record
