#include "mysql/xa_rows.hpp"

#include <cstring>

namespace cdc::mysql {

namespace {

/// What stands before the body of an event in the spool.
struct Header {
    std::uint64_t uncaptured = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t server_id = 0;
    std::uint16_t flags = 0;
    EventType type{};
};

std::string record_of(const Header& header, std::string_view body) {
    std::string out(sizeof(header), '\0');
    std::memcpy(out.data(), &header, sizeof(header));
    out += body;
    return out;
}

} // namespace

void XaRows::add(const Event& event) {
    Header header;
    header.timestamp = event.timestamp;
    header.server_id = event.server_id;
    header.flags = event.flags;
    header.type = event.type;
    m_spool.append(record_of(header, event.body));
}

void XaRows::add_uncaptured(std::uint64_t changes) {
    Header header;
    header.uncaptured = changes;
    m_spool.append(record_of(header, {}));
}

std::optional<XaRows::Next> XaRows::next() {
    if (!m_spool.next(m_record)) {
        return std::nullopt;
    }
    Header header;
    std::memcpy(&header, m_record.data(), sizeof(header));
    Next out;
    out.uncaptured = header.uncaptured;
    out.event.timestamp = header.timestamp;
    out.event.server_id = header.server_id;
    out.event.flags = header.flags;
    out.event.type = header.type;
    out.event.size =
        static_cast<std::uint32_t>(Event::kHeaderSize + m_record.size() - sizeof(header));
    out.event.body = std::string_view{m_record}.substr(sizeof(header));
    return out;
}

} // namespace cdc::mysql
