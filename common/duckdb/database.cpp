#include "duckdb/database.hpp"

#include "base/log.hpp"
#include "duckdb/exact_functions.hpp"

#include <array>
#include <filesystem>
#include <utility>

namespace cdc::duckdb {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

using Setting = std::pair<const char*, const char*>;

/// They make results the same everywhere, and are read back.
constexpr std::array<Setting, 3> kMeaning{{
    {"TimeZone", "UTC"},
    {"integer_division", "true"},
    {"default_null_order", "NULLS_LAST_ON_ASC_FIRST_ON_DESC"},
}};

/// They shut the engine in; the last one makes it final.
constexpr std::array<Setting, 5> kLock{{
    {"preserve_insertion_order", "false"},
    {"wal_autocheckpoint", "64MB"},
    {"allow_persistent_secrets", "false"},
    {"enable_external_access", "false"},
    {"lock_configuration", "true"},
}};

/// duckdb_config
class Config {
public:
    Config() { library().create_config(&m_config); }
    ~Config() { library().destroy_config(&m_config); }
    Config(const Config&) = delete;
    Config& operator=(const Config&) = delete;

    void set(const char* name, const std::string& value) {
        if (library().set_config(m_config, name, value.c_str()) != 0) {
            throw EngineError{ExitCode::refused,
                              fmt::format("the SQL engine does not know {} = {}: it is another "
                                          "version",
                                          name, in_quotes(value))};
        }
    }
    void* get() const { return m_config; }

private:
    void* m_config = nullptr;
};

std::string doubled(std::string_view text, char quote) {
    std::string out{quote};
    for (const char c : text) {
        out += c;
        if (c == quote) {
            out += c;
        }
    }
    out += quote;
    return out;
}

void set(Connection& connection, const Setting& setting) {
    connection.execute(fmt::format("SET GLOBAL {} = '{}'", setting.first, setting.second));
}

} // namespace

Database::Database(const std::string& path, const Settings& settings) {
    const Library& lib = library(settings.library);
    Config config;
    config.set("threads", std::to_string(settings.threads));
    config.set("memory_limit", fmt::format("{}B", settings.memory_bytes));
    config.set("temp_directory", settings.spill);
    config.set("autoinstall_known_extensions", "false");
    config.set("autoload_known_extensions", "false");
    config.set("allow_community_extensions", "false");
    char* words = nullptr;
    if (lib.open(path.empty() ? nullptr : path.c_str(), &m_database, config.get(), &words) != 0) {
        const std::string text = words != nullptr ? words : "unknown";
        lib.free(words);
        const bool locked = text.find("lock") != std::string::npos;
        throw EngineError{locked ? ExitCode::refused : ExitCode::failed,
                          fmt::format("cannot open {}: {}", in_quotes(path), text),
                          locked ? "One process at a time may open it." : ""};
    }
    try {
        Connection connection{*this};
        if (connection.text("SELECT current_setting('lock_configuration')::varchar") != "true") {
            make_exact_functions(connection);
            for (const Setting& setting : kMeaning) {
                set(connection, setting);
            }
            for (const Setting& setting : kLock) {
                set(connection, setting);
            }
        }
    } catch (...) {
        lib.close(&m_database);
        throw;
    }
}

Database::~Database() {
    library().close(&m_database);
}

std::string Database::version() {
    return library().version();
}

Connection::Connection(Database& database) {
    if (library().connect(database.m_database, &m_connection) != 0) {
        throw EngineError{ExitCode::failed, "the SQL engine gives no connection"};
    }
}

Connection::~Connection() {
    library().disconnect(&m_connection);
}

std::uint64_t Connection::execute(const std::string& sql) {
    RawResult raw{};
    if (library().query(m_connection, sql.c_str(), &raw) != 0) {
        throw_result_error(raw, sql);
    }
    const std::uint64_t changed = library().rows_changed(&raw);
    library().destroy_result(&raw);
    return changed;
}

Result Connection::query(const std::string& sql) {
    RawResult raw{};
    if (library().query(m_connection, sql.c_str(), &raw) != 0) {
        throw_result_error(raw, sql);
    }
    return Result{raw};
}

Result Connection::stream(const std::string& sql) {
    const Library& lib = library();
    void* statement = nullptr;
    RawResult raw{};
    const bool prepared = lib.prepare(m_connection, sql.c_str(), &statement) == 0;
    const char* const words = prepared ? nullptr : lib.prepare_error(statement);
    const std::string refused = words != nullptr ? words : "";
    const bool executed = prepared && lib.execute_streaming(statement, &raw) == 0;
    lib.destroy_prepare(&statement);
    if (!prepared) {
        throw EngineError{ExitCode::failed,
                          fmt::format("the SQL engine refuses {}: {}", in_quotes(sql), refused)};
    }
    if (!executed) {
        throw_result_error(raw, sql);
    }
    return Result{raw};
}

std::string Connection::text(const std::string& sql) {
    Result result = query(sql);
    if (!result.next()) {
        throw EngineError{ExitCode::failed, fmt::format("{} gives no row", in_quotes(sql))};
    }
    return result.column(0).is_null(0) ? std::string{} : std::string{result.column(0).text(0)};
}

std::int64_t Connection::number(const std::string& sql) {
    Result result = query(sql);
    if (!result.next()) {
        throw EngineError{ExitCode::failed, fmt::format("{} gives no row", in_quotes(sql))};
    }
    return result.column(0).at<std::int64_t>(0);
}

void Connection::interrupt() {
    library().interrupt(m_connection);
}

Transaction::Transaction(Connection& connection) : m_connection{connection} {
    m_connection.execute("BEGIN");
}

Transaction::~Transaction() {
    if (m_open) {
        try {
            m_connection.execute("ROLLBACK");
        } catch (const Error& error) {
            base::log::debug("{}", error.what());
        }
    }
}

void Transaction::commit() {
    m_open = false;
    m_connection.execute("COMMIT");
}

std::string quoted_name(std::string_view name) {
    return doubled(name, '"');
}

std::string quoted_text(std::string_view text) {
    return doubled(text, '\'');
}

std::string serialize_sql(Connection& connection, std::string_view sql) {
    return connection.text("SELECT json_serialize_sql(" + quoted_text(sql) + ")::varchar");
}

std::string deserialize_sql(Connection& connection, std::string_view tree) {
    return connection.text("SELECT json_deserialize_sql(" + quoted_text(tree) + "::json)");
}

} // namespace cdc::duckdb
