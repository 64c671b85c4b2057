#include "event/snapshot_line.hpp"

#include "base/numbers.hpp"

namespace cdc::event {

namespace {

void append_status(std::string& out, std::string_view status, bool whole,
                   std::string_view source_json, std::int64_t ts_ms) {
    out += R"({"snapshot":{"status":")";
    out += status;
    out += whole ? R"(","whole":true},"source":)" : R"(","whole":false},"source":)";
    out += source_json;
    out += R"(,"ts_ms":)";
    base::append_integer(out, ts_ms);
    out += "}\n";
}

} // namespace

void append_snapshot_begin(std::string& out, bool whole, std::string_view source_json,
                           std::int64_t ts_ms) {
    append_status(out, "begin", whole, source_json, ts_ms);
}

void append_snapshot_end(std::string& out, bool whole, std::string_view source_json,
                         std::int64_t ts_ms) {
    append_status(out, "end", whole, source_json, ts_ms);
}

} // namespace cdc::event
