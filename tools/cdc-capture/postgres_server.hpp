#ifndef CDC_CAPTURE_POSTGRES_SERVER_HPP
#define CDC_CAPTURE_POSTGRES_SERVER_HPP

#include "cdc-capture/options.hpp"
#include "cdc-capture/server.hpp"

namespace cdc::capture {

class PostgresServer : public Server {
public:
    explicit PostgresServer(const Options& options) : m_options{options} {}

    checkpoints::Watch::Check file_check() const override;
    bool has_slot() const override { return true; }
    void await() override;
    void check_patterns() override;
    base::ExitCode check() override;
    /// Publication and slot.
    void create(const std::string& checkpoint_file) override;
    /// The slot, and the publication when create() made it.
    void drop() override;
    std::unique_ptr<source::ChangeStream> changes() override;

private:
    const Options& m_options;
};

} // namespace cdc::capture

#endif
