#ifndef CDC_SNAPSHOT_MYSQL_SNAPSHOT_HPP
#define CDC_SNAPSHOT_MYSQL_SNAPSHOT_HPP

#include "cdc-snapshot/mysql_reader.hpp"
#include "cdc-snapshot/snapshot_source.hpp"
#include "mysql/connection.hpp"
#include "mysql/log_history.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::snapshot {

/// The tables of a MySQL or MariaDB server, each by one connection, at one place of the binary log,
/// where the stream goes on. A table that was not finished when a run ended is read anew by the
/// next run, at that run's place; see work.hpp for why that is right.
class MysqlSnapshot : public SnapshotSource {
public:
    explicit MysqlSnapshot(const Options& options);

    checkpoints::Watch::Check file_check() const override;
    Start begin(const std::optional<CheckpointFiles::Resume>& resume) override;
    int readers() const override { return static_cast<int>(m_readers.size()); }
    void read(int reader, const Pipe& pipe) override;
    void on_tick() override;
    void at_end() override { check_seam(); }

private:
    void check_seam();

    const Options& m_options;
    const mysql::ServerAddress m_address;
    std::optional<mysql::Connection> m_plain; ///< for questions beside the readers
    std::optional<MysqlPresent> m_present;
    std::vector<mysql::Connection> m_readers; ///< each in its consistent snapshot
    /// Where the stream is to begin; nothing: beside a stream none begins.
    std::optional<mysql::LogPlace> m_seam;
    std::int64_t m_next_seam_ms = 0;
};

} // namespace cdc::snapshot

#endif
