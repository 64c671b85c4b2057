#include "mysql/lag_source.hpp"

#include "base/error.hpp"
#include "mysql/gtid_set.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::in_quotes;
using nlohmann::ordered_json;
using source::Hop;

namespace {

bool same_server(const event::Checkpoint& checkpoint, const LagView& view) {
    return checkpoint.kind == view.kind && checkpoint.server == view.server;
}

/// Transactions of the log that are not before the checkpoint; nothing where it holds no ids.
std::optional<std::uint64_t> transactions_behind(const std::string& gtids, const LagView& view) {
    if (view.end.gtids.empty() || gtids.empty()) {
        return std::nullopt;
    }
    if (view.kind == "mariadb") {
        return MariadbGtidList{view.end.gtids}.count_after(MariadbGtidList{gtids});
    }
    return GtidSet{view.end.gtids}.without(GtidSet{gtids}).count();
}

/// Why no reader can go on from `position`; "": the log holds it.
std::string why_lost(const Position& position, const LagView& view) {
    if (view.files.empty()) {
        return "the server keeps no log";
    }
    const Position oldest{view.files.front().name, Position::kFirst};
    if (position.base_name() != oldest.base_name()) {
        return fmt::format("the server's log is now called {}, and the position is {}",
                           in_quotes(std::string{oldest.base_name()}), in_quotes(position.text()));
    }
    if (position < oldest) {
        return fmt::format("the server no longer keeps the log from {} on; the oldest that it "
                           "keeps is {}",
                           position.text(), oldest.text());
    }
    const auto file = std::find_if(view.files.begin(), view.files.end(),
                                   [&](const LogFile& f) { return f.name == position.file; });
    if (file == view.files.end() || position.offset > file->size) {
        return fmt::format("position {} is behind the end of the server's log, which is not the "
                           "one that was read",
                           position.text());
    }
    return {};
}

/// Bytes that the server keeps before `position`.
std::uint64_t bytes_before(const Position& position, const LagView& view) {
    std::uint64_t bytes = 0;
    for (const LogFile& file : view.files) {
        if (file.name == position.file) {
            return bytes + position.offset;
        }
        bytes += file.size;
    }
    return bytes;
}

} // namespace

std::uint64_t bytes_behind(const Position& position, const LagView& view) {
    const Position& end = view.end.position;
    if (position.file == end.file) {
        return end.offset > position.offset ? end.offset - position.offset : 0;
    }
    if (end < position) {
        return 0;
    }
    std::uint64_t bytes = end.offset;
    bool after = false;
    for (const LogFile& file : view.files) {
        if (file.name == end.file) {
            break;
        }
        if (after) {
            bytes += file.size;
        } else if (file.name == position.file) {
            bytes += file.size > position.offset ? file.size - position.offset : 0;
            after = true;
        }
    }
    return bytes;
}

source::LogDistance distance(const event::Checkpoint& checkpoint, const LagView& view) {
    source::LogDistance out;
    if (!same_server(checkpoint, view)) {
        out.unknown = fmt::format("belongs to {} {}, not to the server of --source",
                                  checkpoint.kind, in_quotes(checkpoint.server));
        return out;
    }
    const auto position = Position::parse(checkpoint.position);
    if (!position) {
        out.unknown = fmt::format("its position {} is none", in_quotes(checkpoint.position));
        return out;
    }
    const auto transactions = transactions_behind(checkpoint.extra.value("gtids", ""), view);
    out.at_end = transactions == std::uint64_t{0};
    out.details.emplace_back("transactions",
                             transactions ? ordered_json(*transactions) : ordered_json(nullptr));
    out.details.emplace_back("kept_bytes", nullptr);
    out.broken = why_lost(*position, view);
    if (!out.broken.empty()) {
        return out;
    }
    out.bytes = bytes_behind(*position, view);
    const std::uint64_t kept = bytes_before(*position, view);
    out.details.back().second = kept;
    if (position->file != view.files.back().name) { // the file in use is never removed
        out.safe_bytes = static_cast<std::int64_t>(kept);
    }
    return out;
}

LagSource::LagSource(const std::string& url) : m_connection{parse_url(url)} {}

std::vector<Hop> LagSource::look(const std::vector<std::string>& /*names*/) {
    LagView view{m_connection.is_mariadb() ? "mariadb" : "mysql", identity(m_connection),
                 log_end(m_connection), log_files(m_connection)};
    Hop hop;
    hop.kind = "log";
    hop.name = m_connection.description();
    hop.position = view.end.position.text();
    std::uint64_t bytes = 0;
    for (const LogFile& file : view.files) {
        bytes += file.size;
    }
    hop.details.emplace_back("retained_bytes", bytes);
    hop.details.emplace_back("files", view.files.size());
    hop.details.emplace_back("oldest", view.files.empty() ? ordered_json(nullptr)
                                                          : ordered_json(view.files.front().name));
    hop.details.emplace_back("gtids", view.end.gtids.empty() ? ordered_json(nullptr)
                                                             : ordered_json(view.end.gtids));
    const base::MutexLock lock{m_mutex};
    m_view = std::move(view);
    return {hop};
}

bool LagSource::owns(const event::Checkpoint& checkpoint) const {
    const base::MutexLock lock{m_mutex};
    return same_server(checkpoint, m_view);
}

source::LogDistance LagSource::distance(const event::Checkpoint& checkpoint) const {
    const base::MutexLock lock{m_mutex};
    return mysql::distance(checkpoint, m_view);
}

} // namespace cdc::mysql
