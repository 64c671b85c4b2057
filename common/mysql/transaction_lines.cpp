#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "mysql/change_builder.hpp"

#include <algorithm>

/// The part of ChangeBuilder that writes the lines of \--transactions. Shapes as Debezium has them.
namespace cdc::mysql {

namespace {

/// The id without its quotes; where there is none, the place.
std::string transaction_id(const std::string& gtid_json, const std::string& file,
                           std::uint64_t start) {
    if (gtid_json != "null") {
        return gtid_json.substr(1, gtid_json.size() - 2);
    }
    return fmt::format("file={},pos={}", file, start);
}

} // namespace

/// Before the first line of a transaction that brings any.
void ChangeBuilder::begin_lines(std::string& out) {
    if (!m_settings.transactions || m_transaction_begun) {
        return;
    }
    m_transaction_begun = true;
    m_total_order = 0;
    m_collections.clear();
    out += R"({"transaction":{"status":"BEGIN","id":)";
    event::append_json_string(out,
                              transaction_id(m_gtid_json, m_cursor.next().file, m_group_start));
    out += R"(,"event_count":null,"data_collections":null,"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += R"(},"ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
}

void ChangeBuilder::end_lines(std::string& out) {
    m_transaction_begun = false;
    out += R"({"transaction":{"status":"END","id":)";
    event::append_json_string(out,
                              transaction_id(m_gtid_json, m_cursor.next().file, m_group_start));
    out += R"(,"event_count":)";
    base::append_integer(out, m_total_order);
    out += R"(,"data_collections":[)";
    const char* separator = "";
    for (const Collection& collection : m_collections) {
        out += separator;
        out += R"({"data_collection":)";
        event::append_json_string(out, collection.name);
        out += R"(,"event_count":)";
        base::append_integer(out, collection.changes);
        out += '}';
        separator = ",";
    }
    out += R"(],"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += R"(},"ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
}

/// `,"transaction":{…}` of a change.
void ChangeBuilder::append_transaction(std::string& out) {
    out += R"(,"transaction":{"id":)";
    event::append_json_string(out,
                              transaction_id(m_gtid_json, m_cursor.next().file, m_group_start));
    out += R"(,"total_order":)";
    base::append_integer(out, ++m_total_order);
    out += R"(,"data_collection_order":)";
    const std::string name = m_in_work->shape().display_name();
    const auto found =
        std::find_if(m_collections.rbegin(), m_collections.rend(),
                     [&](const Collection& collection) { return collection.name == name; });
    Collection& collection =
        found != m_collections.rend() ? *found : m_collections.emplace_back(Collection{name, 0});
    base::append_integer(out, ++collection.changes);
    out += '}';
}

} // namespace cdc::mysql
