#include "mysql/log_history.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_document.hpp"
#include "mysql/binlog_stream.hpp"
#include "mysql/gtid_set.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr char kSnapshotHint[] =
    "Read the tables again with a snapshot, then begin with a new checkpoint file.";
constexpr char kOrderHint[] =
    "Put back the file as the last stage wrote it, if its order was changed. If the log was set "
    "back, read the tables again with a snapshot, then begin with a new checkpoint file.";

std::string oldest_text(const LogState& state) {
    return state.files.empty()
               ? "it holds no log at all"
               : fmt::format("the oldest position that it holds is {}",
                             Position{state.files.front().name, Position::kFirst}.text());
}

/// Why the place is not in the server's log; "" when it is.
std::string difference(const LogPlace& place, const LogState& state) {
    const Position& position = place.position;
    if (place.server != state.server) {
        return fmt::format("it is server {} and not {}", in_quotes(state.server),
                           in_quotes(place.server));
    }
    if (state.end.position.base_name() != position.base_name()) {
        return fmt::format("its files are called {} and not {}",
                           in_quotes(state.end.position.base_name()),
                           in_quotes(position.base_name()));
    }
    const auto file = std::find_if(state.files.begin(), state.files.end(),
                                   [&](const LogFile& f) { return f.name == position.file; });
    if (file == state.files.end()) {
        return fmt::format("file {} is not there", in_quotes(position.file));
    }
    if (place.created != 0 && state.created != place.created) {
        return fmt::format("file {} was made anew", in_quotes(position.file));
    }
    if (position.offset > file->size) {
        return fmt::format("file {} has {} bytes only", in_quotes(position.file), file->size);
    }
    return "";
}

/// What the log has below the place's order counts as written before, and is left out: that cannot
/// be more than there is.
void check_emitted(const LogPlace& place, const LogState& state) {
    const Position& end = state.end.position;
    if (place.emitted <= end.order_position()) {
        return;
    }
    const std::uint64_t file = place.emitted >> Position::kOffsetBits;
    throw Error{ExitCode::refused,
                fmt::format("{} says that the changes before {}.{:06}:{} were written, but the log "
                            "of {} ends at {}",
                            place.where, end.base_name(), file,
                            place.emitted & Position::kMaxOffset, state.description, end.text()),
                kOrderHint};
}

/// Sets of one kind: what both servers' rules about them have in common.
struct Sets {
    std::string ahead;  ///< in the place, and never executed by the server
    std::string lost;   ///< purged by the server, and not in the place
    std::string reused; ///< in the place, of this server, and in its log (again)
};

Sets compare(const LogPlace& place, const LogState& state) {
    if (state.mariadb) {
        const MariadbGtidList ours{place.gtids.value()};
        const MariadbGtidList executed{state.end.gtids};
        const MariadbGtidList purged{state.purged};
        const auto id = base::parse_integer<std::uint32_t>(
            std::string_view{state.server}.substr(0, state.server.find('@')));
        return {ours.without(executed).text(), purged.without(ours).text(),
                ours.of_server(id.value_or(0)).without(purged).text()};
    }
    const GtidSet ours{place.gtids.value()};
    const GtidSet executed{state.end.gtids};
    const GtidSet purged{state.purged};
    return {ours.without(executed).text(), purged.without(ours).text(),
            ours.of_server(state.server).without(purged).text()};
}

[[noreturn]] void lost_by_file(const LogPlace& place, const LogState& state,
                               const std::string& why) {
    if (place.server != state.server) {
        throw Error{ExitCode::refused,
                    fmt::format("{} belongs to the log of server {}, and {} is server {}",
                                place.where, in_quotes(place.server), state.description,
                                in_quotes(state.server)),
                    "A position in one server's files says nothing about another's; with global "
                    "transaction ids (gtid_mode=ON) on both a stream can go on there."};
    }
    throw Error{ExitCode::position_lost,
                fmt::format("{} no longer has the log from {} on ({}): {}; {}", state.description,
                            place.position.text(), place.where, why, oldest_text(state)),
                kSnapshotHint};
}

} // namespace

LogPlace place_of(const event::Checkpoint& checkpoint, std::string where) {
    LogPlace out;
    out.where = std::move(where);
    const auto position = Position::parse(checkpoint.position);
    if (!position) {
        fail(ExitCode::bad_data, "{} has a broken position {}", out.where,
             in_quotes(checkpoint.position));
    }
    out.position = *position;
    out.server = checkpoint.server;
    if (const auto history = checkpoint.extra.find("history"); history != checkpoint.extra.end()) {
        out.created = event::integer_member(*history, "created", std::uint32_t{0});
    }
    const auto text = [&](const char* name) -> std::optional<std::string> {
        const auto found = checkpoint.extra.find(name);
        if (found == checkpoint.extra.end()) {
            return std::nullopt;
        }
        if (!found->is_string()) {
            fail(ExitCode::bad_data, "{}: \"{}\" is not text", out.where, name);
        }
        return found->get<std::string>();
    };
    out.gtids = text("gtids");
    out.emitted_gtids = text("emitted_gtids");
    return out;
}

LogState log_state(Connection& connection, const ServerAddress& address, std::uint32_t server_id,
                   const std::string& file) {
    LogState out;
    out.mariadb = connection.is_mariadb();
    out.description = connection.description();
    out.server = identity(connection);
    out.files = log_files(connection);
    out.end = log_end(connection);
    out.has_gtids = uses_gtids(connection);
    if (out.has_gtids && !out.files.empty()) {
        out.purged = gtids_before(connection, {out.files.front().name, Position::kFirst});
    }
    if (std::any_of(out.files.begin(), out.files.end(),
                    [&](const LogFile& f) { return f.name == file; })) {
        Connection other{address};
        if (const std::string server = identity(other); server != out.server) {
            throw ServerError{ExitCode::failed,
                              fmt::format("{} leads to server {} and to server {}", out.description,
                                          in_quotes(out.server), in_quotes(server)),
                              0};
        }
        out.created = file_created(std::move(other), file, server_id);
    }
    return out;
}

Continuation continuation(const LogPlace& place, const LogState& state) {
    const std::string why = difference(place, state);
    const bool by_gtid = state.has_gtids && place.gtids.has_value();
    if (!by_gtid) {
        if (!why.empty()) {
            lost_by_file(place, state, why);
        }
        check_emitted(place, state);
        return {true, false};
    }
    const Sets sets = compare(place, state);
    if (!sets.ahead.empty() && why.empty() && !state.mariadb) {
        // With semi-synchronous replicas MySQL sends a transaction before its commit ends.
        throw ServerError{
            ExitCode::failed,
            fmt::format("transactions {} ({}) are in the log of {}, and their commits "
                        "have not ended",
                        in_quotes(sets.ahead), place.where, state.description),
            0};
    }
    if (!sets.ahead.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("{} is ahead of {}, which never held transactions {}: {}",
                                place.where, state.description, in_quotes(sets.ahead),
                                why.empty() ? "its log lost them" : why),
                    "Connect to a server that has them; if there is none, read the tables again "
                    "with a snapshot, then begin with a new checkpoint file."};
    }
    if (why.empty()) {
        check_emitted(place, state);
        return {true, true};
    }
    if (!sets.lost.empty()) {
        throw Error{ExitCode::position_lost,
                    fmt::format("{} no longer has the log behind {} ({}): transactions {} are gone "
                                "from it; {}",
                                state.description, place.position.text(), place.where,
                                in_quotes(sets.lost), oldest_text(state)),
                    kSnapshotHint};
    }
    if (place.server == state.server && !sets.reused.empty()) {
        throw Error{
            ExitCode::refused,
            fmt::format("{} does not fit to {}: {}, yet its log holds transactions {} that were "
                        "read before; their numbers were given again after a RESET or a restored "
                        "backup",
                        place.where, state.description, why, in_quotes(sets.reused)),
            kSnapshotHint};
    }
    return {false, true};
}

void check_gtids(const std::string& gtids, const std::string& where, const LogState& state) {
    if (!state.has_gtids) {
        throw Error{
            ExitCode::refused,
            fmt::format("{}: {} gives transactions no global ids", where, state.description),
            "Set gtid_mode=ON, or begin with --from-position"};
    }
    LogPlace place;
    place.gtids = gtids;
    const Sets sets = compare(place, state);
    if (!sets.ahead.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("{}: {} never held transactions {}", where, state.description,
                                in_quotes(sets.ahead)),
                    "Connect to a server that has them."};
    }
    if (!sets.lost.empty()) {
        throw Error{ExitCode::position_lost,
                    fmt::format("{}: transactions {} are gone from the log of {}; {}", where,
                                in_quotes(sets.lost), state.description, oldest_text(state)),
                    kSnapshotHint};
    }
}

Continuation continuation(Connection& connection, const ServerAddress& address,
                          const LogPlace& place) {
    const std::string file = place.created != 0 ? place.position.file : "";
    return continuation(place, log_state(connection, address, 0, file));
}

} // namespace cdc::mysql
