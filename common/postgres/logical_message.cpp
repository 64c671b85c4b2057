#include "base/base64.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "postgres/change_builder.hpp"

#include <algorithm>

#include <fnmatch.h>

/// The part of ChangeBuilder that writes logical messages. Shapes as Debezium has them.
namespace cdc::postgres {

/// A message that is not transactional stands in the log by itself, between transactions, and is
/// decoded there: its place is its own position, index 0.
void ChangeBuilder::logical_message(const Message& message, Lsn lsn, std::string& out) {
    std::uint64_t index = 0;
    if (message.transactional) {
        need_transaction(message);
        index = m_writer.take_indexes(1);
    }
    const std::string prefix{message.prefix};
    const bool wanted = std::any_of(m_settings.messages.begin(), m_settings.messages.end(),
                                    [&](const std::string& pattern) {
                                        return ::fnmatch(pattern.c_str(), prefix.c_str(), 0) == 0;
                                    });
    if (!wanted) {
        return;
    }
    if (message.transactional) {
        m_writer.begin_lines(out);
    }
    append_message(out, message);
    if (message.transactional) {
        out += m_source_start;
        base::append_integer(out, lsn);
        out += R"(\"]","schema":"","table":"")";
        out += m_source_ids;
    } else {
        out += R"(,"source":)";
        event::append_source_start(out, kConnector, m_settings.name, std::nullopt, false);
        out += m_db_member;
        out += R"("sequence":"[null,\")";
        base::append_integer(out, lsn);
        out += R"(\"]","schema":"","table":"","txId":null,"lsn":)";
    }
    event::append_json_integer(out, lsn);
    out += R"(,"xmin":null)";
    if (message.transactional) {
        m_writer.append_order(out, index);
    } else {
        out += R"(,"order":")";
        order_at(lsn).append_text(out);
        out += '"';
    }
    m_writer.end_change(out, 'm', nullptr);
}

void ChangeBuilder::append_message(std::string& out, const Message& message) {
    const auto key = [&](std::string& to) {
        to += R"({"prefix":)";
        event::append_json_string(to, message.prefix);
        to += '}';
    };
    event::append_images(out, key, event::append_null);
    out += R"(,"message":{"transactional":)";
    out += message.transactional ? "true" : "false";
    out += R"(,"prefix":)";
    event::append_json_string(out, message.prefix);
    out += R"(,"content":")";
    base::append_base64(out, message.content);
    out += "\"}";
}

} // namespace cdc::postgres
