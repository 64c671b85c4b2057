#include "cdc-capture/mysql_server.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-capture/mysql_changes.hpp"
#include "cdc-capture/mysql_session.hpp"
#include "cdc-capture/patterns.hpp"
#include "checkpoints/file.hpp"
#include "mysql/read_rights.hpp"
#include "mysql/readiness.hpp"
#include "mysql/unlogged_changes.hpp"

#include <iterator>

namespace cdc::capture {

using base::Error;
using base::ExitCode;
using mysql::Connection;

namespace {

std::vector<mysql::Finding> findings_of_check(Connection& plain, const Options& options) {
    const mysql::ServerAddress address = mysql::parse_url(options.source);
    const event::TableFilter filter{options.tables, options.exclude};
    std::vector<mysql::Finding> out = mysql::preflight(plain, options.minimal_metadata);
    const auto add = [&out](std::vector<mysql::Finding> more) {
        out.insert(out.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    };
    add(mysql::unlogged_changes(plain, address.database, filter));
    add(mysql::hidden_tables(plain, address.database, filter));
    add(mysql::readiness(plain, address, filter, server_id_of(options)));
    return out;
}

/// Whether the stream can go on from the files that there are. A place that is lost is told before
/// anything else that is wrong.
ExitCode check_checkpoints(Connection& plain, const Options& options, ExitCode code) {
    for (const std::string& file : options.checkpoints) {
        try {
            if (const auto checkpoint = checkpoints::read(file)) {
                const MysqlResume resume = MysqlResume::from(*checkpoint, file);
                mysql::continuation(plain, mysql::parse_url(options.source), resume.place());
                base::log::info("{}: the log has what follows {}", resume.where,
                                resume.position.text());
            }
        } catch (const mysql::ServerError& error) {
            if (!mysql::is_right_missing(error)) { // which was told
                throw;
            }
        } catch (const Error& error) {
            base::log::write_error(error.what(), error.hint());
            code = code == ExitCode::position_lost ? code : error.code();
        }
    }
    return code;
}

} // namespace

checkpoints::Watch::Check MysqlServer::file_check() const {
    return [](const std::string& path, const event::Checkpoint& checkpoint) {
        checkpoints::check_kind(path, checkpoint, {"mysql", "mariadb"});
    };
}

void MysqlServer::check_patterns() {
    const mysql::ServerAddress address = mysql::parse_url(m_options.source);
    Connection plain{address};
    if (!m_options.allow_no_match) {
        mysql::require_database(plain, address.database);
    }
    if (has_patterns(m_options)) {
        capture::check_patterns(
            m_options, {mysql::present_tables(plain, address.database), plain.description()});
    }
}

ExitCode MysqlServer::check() {
    Connection plain{mysql::parse_url(m_options.source)};
    ExitCode code = ExitCode::ok;
    for (const mysql::Finding& finding : findings_of_check(plain, m_options)) {
        if (finding.code != ExitCode::ok) {
            base::log::write_error(finding.text, finding.remedy);
            code = finding.code;
            continue;
        }
        const std::string text =
            finding.remedy.empty() ? finding.text : finding.text + " (" + finding.remedy + ")";
        if (finding.good) {
            base::log::info("{}", text);
        } else {
            base::log::warning("{}", text);
        }
    }
    return check_checkpoints(plain, m_options, code);
}

std::unique_ptr<source::ChangeStream> MysqlServer::changes() {
    return std::make_unique<MysqlChanges>(m_options);
}

} // namespace cdc::capture
