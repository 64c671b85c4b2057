#ifndef CDC_SNAPSHOT_POSTGRES_SNAPSHOT_HPP
#define CDC_SNAPSHOT_POSTGRES_SNAPSHOT_HPP

#include "cdc-snapshot/postgres_reader.hpp"
#include "cdc-snapshot/snapshot_source.hpp"
#include "postgres/connection.hpp"
#include "postgres/exported_snapshot.hpp"

#include <optional>

namespace cdc::snapshot {

/// The tables of a PostgreSQL database in one exported snapshot, and the slot of the stream that
/// begins at its position.
class PostgresSnapshot : public SnapshotSource {
public:
    explicit PostgresSnapshot(const Options& options) : m_options{options} {}

    checkpoints::Watch::Check file_check() const override;
    /// Makes publication and slot where the options ask for them.
    Start begin(const std::optional<CheckpointFiles::Resume>& resume) override;
    int readers() const override { return m_options.jobs; }
    void read(int /*reader*/, const Pipe& pipe) override { PostgresReader{pipe, *m_shared}.run(); }

private:
    const Options& m_options;
    std::optional<postgres::Connection> m_plain; ///< for questions beside the readers
    std::optional<postgres::ExportedSnapshot> m_snapshot;
    std::optional<PostgresPresent> m_present;
    std::optional<PostgresReader::Shared> m_shared;
};

} // namespace cdc::snapshot

#endif
