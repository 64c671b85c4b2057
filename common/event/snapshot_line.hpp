#ifndef CDC_EVENT_SNAPSHOT_LINE_HPP
#define CDC_EVENT_SNAPSHOT_LINE_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::event {

/// Append `{"snapshot":{"status":"begin"|"end","whole":…},"source":SOURCE,"ts_ms":N}` and '\n',
/// before and behind the rows of one table. `whole`: no rows are left out. `source_json` is as for
/// append_table_line().
void append_snapshot_begin(std::string& out, bool whole, std::string_view source_json,
                           std::int64_t ts_ms);
void append_snapshot_end(std::string& out, bool whole, std::string_view source_json,
                         std::int64_t ts_ms);

} // namespace cdc::event

#endif
