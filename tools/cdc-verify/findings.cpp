#include "cdc-verify/compare.hpp"

namespace cdc::verify {

namespace {

constexpr int kFewBuckets = 10;

} // namespace

void Comparer::add_findings(const Table& table, const std::vector<Difference>& found,
                            TableReport& report) {
    using Kind = RowDifference::Kind;
    for (const Difference& item : found) {
        const Kind kind = item.target.count < item.source.count   ? Kind::missing
                          : item.target.count > item.source.count ? Kind::extra
                                                                  : Kind::different;
        ++(kind == Kind::missing ? report.missing
           : kind == Kind::extra ? report.extra
                                 : report.different);
        if (report.shown.size() >= m_options.show) {
            continue;
        }
        RowDifference row;
        row.kind = kind;
        row.source_count = item.source.count;
        row.target_count = item.target.count;
        const std::size_t width = table.keyed() ? table.key.size() : table.columns.size();
        const auto values = split_image(item.key, width);
        for (std::size_t i = 0; i < width; ++i) {
            const Column& column = table.columns[table.keyed() ? table.key[i] : i];
            row.key.emplace_back(column.name, display_text(column, values[i]));
        }
        if (kind == Kind::different) {
            add_cells(table, item, row);
        }
        report.shown.push_back(std::move(row));
    }
}

void Comparer::add_cells(const Table& table, const Difference& item, RowDifference& row) {
    Row source = item.source;
    Row target = item.target;
    if (!item.images) { // what it is now, which is for people only
        Selection one;
        one.whole_rows = true;
        one.bucket_bits = kFewBuckets;
        one.keys = {item.key};
        source = row_of(m_sources[0]->rows(table, one), item.key);
        target = row_of(m_target.rows(table, one), item.key);
    }
    if (source.count != 1 || target.count != 1) {
        return;
    }
    const auto ours = split_image(source.value, table.columns.size());
    const auto theirs = split_image(target.value, table.columns.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const Column& column = table.columns[i];
        if (!nearly_equal(column, ours[i], theirs[i], m_options.float_tolerance)) {
            row.cells.push_back({column.name, display_text(column, ours[i]),
                                 display_text(column, theirs[i]), ours[i].null, theirs[i].null});
        }
    }
}

} // namespace cdc::verify
