#ifndef CDC_CLICKHOUSE_CHDB_HPP
#define CDC_CLICKHOUSE_CHDB_HPP

#include "clickhouse/transport.hpp"
#include "io/file_descriptor.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace cdc::clickhouse {

/// The embedded engine on a folder. One process at a time may have a folder open. libchdb.so is
/// loaded once per process and never unloaded. Descriptor 0 must hold nothing: during an INSERT the
/// engine takes what it can read there for rows, also beside FROM INFILE.
class Chdb : public Transport {
public:
    /// Makes the folder when it is missing. Throws ServerError: refused when the library cannot be
    /// loaded or another process, which the message names, holds the folder.
    Chdb(const std::string& folder, const std::string& library);
    ~Chdb() override;

    void execute(std::string_view sql) override;
    std::string query(std::string_view sql, std::string_view format) override;
    void insert(std::string_view into, std::string_view format,
                std::span<const std::string_view> rows) override;
    void hold_merges() override;
    void release_merges() override;
    const std::string& name() const override { return m_name; }
    /// Call it before other threads open files: the working folder is another one meanwhile.
    std::unique_ptr<Transport> another() override;

private:
    /// Beside merges that are held, as they are.
    std::string run(std::string_view sql);
    void fill_memory(std::span<const std::string_view> rows);

    std::string m_folder;
    std::string m_library;
    std::string m_name;
    void* m_connection = nullptr;
    std::shared_ptr<std::atomic<bool>> m_merges_held; ///< of all connections
    io::FileDescriptor m_memory; ///< rows of the insert under way; kept for its pages
};

} // namespace cdc::clickhouse

#endif
