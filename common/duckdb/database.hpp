#ifndef CDC_DUCKDB_DATABASE_HPP
#define CDC_DUCKDB_DATABASE_HPP

#include "duckdb/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// The embedded SQL engine of cdc-transform, loaded at run time. Everything that could make a
/// result depend on where it runs is set and read back; nothing but the database's own files is
/// read or written.
namespace cdc::duckdb {

struct Settings {
    std::string library;                     ///< libduckdb.so; "": found by itself
    std::uint64_t memory_bytes = 128U << 20; ///< of buffers; what does not fit goes to `spill`
    std::string spill;                       ///< folder; "": nothing is spilled
    int threads = 1;
};

class Connection;

/// One file, or memory. One process at a time may have a file open.
class Database {
public:
    /// `path` "": in memory. Throws Error: refused when the library cannot be loaded or another
    /// process, which the message names, has the file open.
    Database(const std::string& path, const Settings& settings);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// "v1.5.6"
    static std::string version();

private:
    friend class Connection;
    void* m_database = nullptr;
};

/// For one thread at a time, except interrupt().
class Connection {
public:
    /// Locked: extensions, files, other databases and changes of settings are refused. Throws
    /// EngineError.
    explicit Connection(Database& database);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Returns how many rows changed. Throws EngineError.
    std::uint64_t execute(const std::string& sql);
    /// All rows lie in the engine's memory, or are spilled, until the result is gone. Throws
    /// EngineError.
    Result query(const std::string& sql);
    /// The same rows, made as they are read: few lie in memory. Until the result is gone, no other
    /// statement of this connection. Throws EngineError.
    Result stream(const std::string& sql);
    /// The first value of the first row, which is varchar; "" for NULL. Throws EngineError; failed
    /// when there is no row.
    std::string text(const std::string& sql);
    /// The same of a BIGINT.
    std::int64_t number(const std::string& sql);

    /// Ends the statement that another thread runs.
    void interrupt();

    void* handle() const { return m_connection; }

private:
    void* m_connection = nullptr;
};

/// BEGIN until commit(); rolled back when that is not called.
class Transaction {
public:
    explicit Transaction(Connection& connection);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Connection& m_connection;
    bool m_open = true;
};

/// "name" and 'text' as SQL has them.
std::string quoted_name(std::string_view name);
std::string quoted_text(std::string_view text);

/// The syntax tree of one SELECT as json_serialize_sql gives it, an error included; and back.
std::string serialize_sql(Connection& connection, std::string_view sql);
std::string deserialize_sql(Connection& connection, std::string_view tree);

} // namespace cdc::duckdb

#endif
