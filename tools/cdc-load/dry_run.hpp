#ifndef CDC_LOAD_DRY_RUN_HPP
#define CDC_LOAD_DRY_RUN_HPP

#include "cdc-load/table_loader.hpp"
#include "cdc-load/work.hpp"
#include "clickhouse/transport.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cdc::load {

/// Stands for an empty target of a current version: DDL goes to stdout, nothing else happens.
class DryRun : public clickhouse::Transport {
public:
    void execute(std::string_view sql) override;
    std::string query(std::string_view sql, std::string_view format) override;
    void insert(std::string_view into, std::string_view format,
                std::span<const std::string_view> rows) override;
    const std::string& name() const override { return m_name; }

private:
    std::string m_name{"dry run"};
};

/// Prints what a batch would bring to the target, as statements that a person can read and
/// clickhouse-client can run.
void print_work(const Work& work, const std::vector<std::unique_ptr<TableLoader>>& tables);

} // namespace cdc::load

#endif
