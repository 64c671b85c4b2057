#ifndef CDC_CAPTURE_MYSQL_SERVER_HPP
#define CDC_CAPTURE_MYSQL_SERVER_HPP

#include "cdc-capture/options.hpp"
#include "cdc-capture/server.hpp"

namespace cdc::capture {

/// MySQL or MariaDB.
class MysqlServer : public Server {
public:
    explicit MysqlServer(const Options& options) : m_options{options} {}

    checkpoints::Watch::Check file_check() const override;
    bool has_slot() const override { return false; }
    void check_patterns() override;
    base::ExitCode check() override;
    std::unique_ptr<source::ChangeStream> changes() override;

private:
    const Options& m_options;
};

} // namespace cdc::capture

#endif
