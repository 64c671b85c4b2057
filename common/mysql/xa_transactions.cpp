#include "base/error.hpp"
#include "mysql/change_builder.hpp"

/// The part of ChangeBuilder that keeps the rows of XA transactions from XA PREPARE to XA COMMIT.
namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

/// "X'61',X'62',1" of "XA COMMIT X'61',X'62',1", as the server writes it.
std::string xid_of(std::string_view text) {
    const std::size_t at = text.find("X'");
    if (at == std::string_view::npos) {
        fail(ExitCode::bad_data, "{} names no XA transaction", in_quotes(text));
    }
    return std::string{text.substr(at)};
}

} // namespace

ResumePoint ChangeBuilder::read_to() const {
    return {m_complete, m_file_created, gtids()};
}

ResumePoint ChangeBuilder::resume_point() const {
    const XaRows* oldest = nullptr;
    for (const auto& [xid, rows] : m_prepared) {
        if (oldest == nullptr || rows->before().position < oldest->before().position) {
            oldest = rows.get();
        }
    }
    return oldest == nullptr ? read_to() : oldest->before();
}

std::uint64_t ChangeBuilder::emitted() const {
    return std::max(m_emitted_position, m_complete.order_position());
}

std::optional<std::string> ChangeBuilder::emitted_gtids() const {
    if (!m_gtids_known || !m_knows_emitted_gtids) {
        return gtids();
    }
    if (m_settings.mariadb) {
        MariadbGtidList all = m_emitted_mariadb_gtids;
        all.add(m_mariadb_gtids);
        return all.text();
    }
    GtidSet all = m_emitted_gtids;
    all.add(m_gtids);
    return all.text();
}

void ChangeBuilder::set_emitted(std::uint64_t order_position,
                                const std::optional<std::string>& gtids) {
    m_emitted_position = order_position;
    m_knows_emitted_gtids = gtids.has_value();
    if (gtids && m_settings.mariadb) {
        m_emitted_mariadb_gtids = MariadbGtidList{*gtids};
    } else if (gtids) {
        m_emitted_gtids = GtidSet{*gtids};
    }
}

/// Whether the lines of the transaction that begins were written before: the stream began further
/// back, at an XA transaction that was prepared.
bool ChangeBuilder::was_emitted(std::uint64_t start) const {
    if (start < m_emitted_position) {
        return true;
    }
    if (!m_knows_emitted_gtids) {
        return false;
    }
    return m_mariadb_gtid
               ? m_emitted_mariadb_gtids.contains(MariadbGtidList{m_mariadb_gtid->text()})
               : m_gtid && m_gtid->number != 0 && m_emitted_gtids.contains(*m_gtid);
}

void ChangeBuilder::begin_xa() {
    m_in_transaction = true;
    m_xa = std::make_unique<XaRows>(read_to());
}

/// An event of the XA transaction in work; false: it is none that is kept.
bool ChangeBuilder::keep_xa(const Event& event) {
    if (event.type == EventType::table_map) {
        table_map(event);
        if (m_maps.at(table_map_id(event.body))->plan.captured()) {
            m_xa->add(event);
        }
        return true;
    }
    if (!RowsEvent::is_rows(event.type)) {
        return false;
    }
    RowsEvent rows{event};
    if (rows.is_dummy()) {
        return true;
    }
    const TablePlan& plan = described(rows.table_id()).plan;
    if (plan.captured()) {
        m_xa->add(event);
    } else {
        m_xa->add_uncaptured(count_changes(rows, plan));
    }
    return true;
}

void ChangeBuilder::xa_prepare(const Event& event, std::string& out) {
    if (m_xa == nullptr) {
        fail(ExitCode::bad_data, "XA PREPARE without XA START");
    }
    const XaPrepare prepare = parse_xa_prepare(event.body);
    if (prepare.one_phase) {
        commit_xa(std::move(m_xa), out);
        return;
    }
    m_prepared[prepare.xid] = std::move(m_xa);
    end_transaction(out);
}

void ChangeBuilder::xa_commit(std::string_view text, std::string& out) {
    const std::string xid = xid_of(text);
    auto prepared = m_prepared.extract(xid);
    if (!prepared.empty()) {
        commit_xa(std::move(prepared.mapped()), out);
        return;
    }
    if (!m_passes_over) {
        throw Error{ExitCode::position_lost,
                    fmt::format("XA transaction {} was prepared before the stream began, and its "
                                "rows stand there",
                                xid),
                    "Read the tables again with a snapshot, then begin with a new checkpoint file"};
    }
    end_transaction(out);
}

void ChangeBuilder::xa_rollback(std::string_view text, std::string& out) {
    m_prepared.erase(xid_of(text));
    end_transaction(out);
}

/// The lines are made by apply_more(): the transaction can be of any size.
void ChangeBuilder::commit_xa(std::unique_ptr<XaRows> rows, std::string& out) {
    if (m_passes_over) {
        end_transaction(out);
        return;
    }
    m_in_transaction = true;
    m_row = 0;
    m_maps.clear();
    m_committed_xa = std::move(rows);
}

void ChangeBuilder::apply_committed_xa(std::string& out) {
    const auto next = m_committed_xa->next();
    if (!next) {
        if (m_committed_xa->partly_undone()) {
            undone("was rolled back to a savepoint", out);
        }
        m_committed_xa.reset();
        end_transaction(out);
    } else if (next->uncaptured != 0) {
        m_writer.take_indexes(next->uncaptured);
    } else {
        guarded(next->event, out);
    }
}

} // namespace cdc::mysql
