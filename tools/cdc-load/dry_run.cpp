#include "cdc-load/dry_run.hpp"

#include "base/error.hpp"
#include "clickhouse/row_text.hpp"
#include "clickhouse/schema.hpp"
#include "io/standard_streams.hpp"

#include <unistd.h>

namespace cdc::load {

namespace {

void print(std::string_view text) {
    io::write_report(STDOUT_FILENO, text);
}

} // namespace

void DryRun::execute(std::string_view sql) {
    print(std::string{sql} + ";\n\n");
}

std::string DryRun::query(std::string_view sql, std::string_view /*format*/) {
    return sql == "SELECT version()"           ? "25.3.1.1\n"
           : sql == "SELECT currentDatabase()" ? "default\n"
                                               : "";
}

void DryRun::insert(std::string_view /*into*/, std::string_view /*format*/,
                    std::span<const std::string_view> /*rows*/) {}

void print_work(const Work& work, const std::vector<std::unique_ptr<TableLoader>>& tables) {
    std::string out;
    for (const std::size_t number : work.touched) {
        TableLoader& table = *tables[number];
        const TableWork& part = *work.tables[number];
        const clickhouse::TargetShape& shape = table.encoder().shape();
        if (!part.rows.empty()) {
            out += clickhouse::insert_sql(table.target(), shape);
            out += fmt::format(" FORMAT JSONCompactEachRow -- {} rows\n", part.rows.rows().size());
            for (const clickhouse::RowBatch::Row& row : part.rows.rows()) {
                clickhouse::append_row_text(out, part.rows.bytes(row), shape);
            }
            out += "\n";
        }
        if (!part.waiting.empty()) {
            out += fmt::format("-- {}: {} updates are completed from the rows that they change, "
                               "or wait for them\n\n",
                               table.target().name, part.waiting.size());
        }
        if (part.barrier != event::Order{}) {
            out += fmt::format("-- {}: rows below {} are void\n\n", table.target().name,
                               part.barrier.text());
        }
        if (out.size() >= (std::size_t{1} << 20)) {
            print(out);
            out.clear();
        }
    }
    for (const std::string& line : work.checkpoints.lines()) {
        out += "-- " + line + "\n";
    }
    print(out);
}

} // namespace cdc::load
