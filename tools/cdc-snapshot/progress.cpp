#include "cdc-snapshot/progress.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/xxh64.hpp"
#include "event/json_document.hpp"

namespace cdc::snapshot {

using base::ExitCode;
using base::fail;
using Json = nlohmann::ordered_json;

Json Progress::encode() const {
    Json list = Json::array();
    for (const Table& table : tables) {
        Json item{{"schema", table.schema}, {"table", table.table}, {"oid", table.oid}};
        if (!table.shape.empty()) {
            item["shape"] = table.shape;
        }
        item["rows"] = table.rows;
        if (table.done) {
            item["done"] = true;
        } else {
            item["order"] = table.order;
            item["key"] = table.key;
            item["after"] = table.after;
        }
        list.push_back(std::move(item));
    }
    return Json{{"seq", seq}, {"tables", std::move(list)}};
}

const Progress::Table* Progress::find(std::string_view schema, std::string_view table,
                                      std::uint32_t oid) const {
    for (const Table& item : tables) {
        if (item.oid == oid && item.schema == schema && item.table == table) {
            return &item;
        }
    }
    return nullptr;
}

std::string shape_of(std::string_view mark) {
    std::string out;
    base::append_hex(out, base::xxh64(mark), 16);
    return out;
}

Progress parse_progress(const Json& member, std::string_view where) {
    Progress progress;
    try {
        progress.seq =
            static_cast<std::uint64_t>(event::integer_member(member, "seq", std::int64_t{0}));
        for (const Json& item : member.at("tables")) {
            Progress::Table table;
            table.schema = item.at("schema").get<std::string>();
            table.table = item.at("table").get<std::string>();
            table.oid = event::integer_member(item, "oid", std::uint32_t{0});
            table.shape = item.value("shape", "");
            table.rows =
                static_cast<std::uint64_t>(event::integer_member(item, "rows", std::int64_t{0}));
            table.done = item.value("done", false);
            if (!table.done) {
                table.order = item.at("order").get<std::string>();
                table.key = item.at("key").get<std::vector<std::string>>();
                table.after = item.at("after").get<std::vector<std::string>>();
            }
            progress.tables.push_back(std::move(table));
        }
    } catch (const nlohmann::json::exception& error) {
        fail(ExitCode::bad_data, "{}: broken progress of a snapshot: {}", where, error.what());
    }
    return progress;
}

} // namespace cdc::snapshot
