#include "cdc-verify/report.hpp"

#include "base/error.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::verify {

using nlohmann::ordered_json;

namespace {

constexpr std::size_t kCellBytes = 60;

const char* verdict_text(Verdict verdict) {
    return verdict == Verdict::same        ? "same"
           : verdict == Verdict::different ? "different"
                                           : "unknown";
}

const char* kind_text(RowDifference::Kind kind) {
    switch (kind) {
    case RowDifference::Kind::missing:
        return "missing";
    case RowDifference::Kind::extra:
        return "extra";
    case RowDifference::Kind::different:
        break;
    }
    return "different";
}

std::string shown(const std::string& text, bool null) {
    return null ? "NULL" : base::in_quotes(text, kCellBytes);
}

void append_row(std::string& out, const RowDifference& row) {
    std::string key;
    for (const auto& [name, value] : row.key) {
        key += (key.empty() ? "" : ", ") + name + "=" + base::in_quotes(value, kCellBytes);
    }
    out += fmt::format("  {:<9}  {}", kind_text(row.kind), key);
    if (std::max(row.source_count, row.target_count) > 1) {
        out += fmt::format("  {} times in the source, {} in the target", row.source_count,
                           row.target_count);
    }
    out += '\n';
    for (const CellDifference& cell : row.cells) {
        out +=
            fmt::format("             {}: source {}, target {}\n", cell.column,
                        shown(cell.source, cell.source_null), shown(cell.target, cell.target_null));
    }
}

const char* table_verdict(const TableReport& table) {
    if (table.error.empty() && !table.gone.empty() && table.differences() == 0) {
        return "gone";
    }
    const bool incomplete = table.error.empty() && table.differences() == 0 &&
                            table.unsettled == 0 && !table.not_compared.empty();
    return incomplete ? "incomplete" : verdict_text(table.verdict());
}

std::string names_of(const std::vector<NotCompared>& columns) {
    std::string text;
    for (const NotCompared& column : columns) {
        text += (text.empty() ? "" : ", ") + column.name;
    }
    return text;
}

std::string summary(const TableReport& table) {
    if (!table.error.empty()) {
        return "could not be compared: " + table.error;
    }
    if (!table.gone.empty()) {
        return table.gone;
    }
    std::string text;
    const auto add = [&text](std::uint64_t count, const char* what) {
        if (count > 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
        }
    };
    add(table.missing, "missing");
    add(table.extra, "extra");
    add(table.different, "different");
    add(table.unsettled, "did not settle");
    if (!table.not_compared.empty()) {
        return fmt::format("{}not compared: {}", text.empty() ? "" : text + "; ",
                           names_of(table.not_compared));
    }
    if (!text.empty()) {
        return text;
    }
    text = table.counts ? "same number" : "same";
    return table.restricted.empty() ? text : text + " in what was compared: " + table.restricted;
}

std::string count_text(const TableReport& table) {
    if (!table.target_rows) {
        return "";
    }
    if (!table.source_rows) {
        return fmt::format("target {} rows", *table.target_rows);
    }
    // Under load both were counted at different times: it settled, or it is told.
    return *table.source_rows == *table.target_rows || table.verdict() == Verdict::same
               ? fmt::format("{} rows", *table.source_rows)
               : fmt::format("{} rows, target {}", *table.source_rows, *table.target_rows);
}

ordered_json count_json(const std::optional<std::uint64_t>& count) {
    return count ? ordered_json(*count) : ordered_json(nullptr);
}

ordered_json row_json(const RowDifference& row) {
    ordered_json item;
    item["kind"] = kind_text(row.kind);
    item["key"] = ordered_json::object();
    for (const auto& [name, value] : row.key) {
        item["key"][name] = value;
    }
    if (std::max(row.source_count, row.target_count) > 1) {
        item["source_count"] = row.source_count;
        item["target_count"] = row.target_count;
    }
    item["columns"] = ordered_json::array();
    for (const CellDifference& cell : row.cells) {
        item["columns"].push_back(
            {{"name", cell.column},
             {"source", cell.source_null ? ordered_json(nullptr) : ordered_json(cell.source)},
             {"target", cell.target_null ? ordered_json(nullptr) : ordered_json(cell.target)}});
    }
    return item;
}

} // namespace

Verdict TableReport::verdict() const {
    if (!error.empty()) {
        return Verdict::unknown;
    }
    return differences() > 0                        ? Verdict::different
           : unsettled > 0 || !not_compared.empty() ? Verdict::unknown
                                                    : Verdict::same;
}

Verdict judge(const std::vector<TableReport>& tables) {
    const auto any = [&tables](const auto& test) {
        return std::any_of(tables.begin(), tables.end(), test);
    };
    const auto verdict_is = [](Verdict verdict) {
        return [verdict](const TableReport& table) {
            return table.verdict() == verdict;
        };
    };
    if (any([](const TableReport& table) { return !table.error.empty(); })) {
        return Verdict::unknown;
    }
    if (any(verdict_is(Verdict::different))) {
        return Verdict::different;
    }
    const bool compared = any([](const TableReport& table) { return table.gone.empty(); });
    return !compared || any(verdict_is(Verdict::unknown)) ? Verdict::unknown : Verdict::same;
}

std::string render_table(const std::vector<TableReport>& tables, bool quiet) {
    std::size_t name_width = 0;
    std::size_t count_width = 0;
    std::vector<const TableReport*> listed;
    for (const TableReport& table : tables) {
        if (!quiet || table.verdict() != Verdict::same) {
            listed.push_back(&table);
            name_width = std::max(name_width, table.table.size());
            count_width = std::max(count_width, count_text(table).size());
        }
    }
    std::string out;
    for (const TableReport* item : listed) {
        const TableReport& table = *item;
        out += fmt::format("{:<{}}  {:<{}}  {}\n", table.table, name_width, count_text(table),
                           count_width, summary(table));
        if (table.unsettled > 0) {
            out += "  " + table.why_unsettled + "\n";
        }
        for (const NotCompared& column : table.not_compared) {
            out += fmt::format("  column {}: {}\n", column.name, column.why);
        }
        if (!table.generated.empty()) {
            out += fmt::format("  generated columns are not compared: {}\n",
                               fmt::join(table.generated, ", "));
        }
        if (!table.target_only.empty()) {
            out +=
                fmt::format("  the source does not have: {}\n", fmt::join(table.target_only, ", "));
        }
        for (const Mark& mark : table.marks) {
            out += fmt::format("  {} {}: {}\n", mark.cleared ? "no longer" : "marked", mark.kind,
                               mark.why);
        }
        for (const RowDifference& row : table.shown) {
            append_row(out, row);
        }
        if (table.differences() > table.shown.size() && !table.shown.empty()) {
            out += fmt::format("  … and {} more\n", table.differences() - table.shown.size());
        }
    }
    return out;
}

std::string render_json(const std::vector<TableReport>& tables, std::int64_t now_ms) {
    ordered_json document;
    document["ts_ms"] = now_ms;
    document["verdict"] = verdict_text(judge(tables));
    document["tables"] = ordered_json::array();
    for (const TableReport& table : tables) {
        ordered_json item;
        item["table"] = table.table;
        item["target"] = table.target;
        item["verdict"] = table_verdict(table);
        item["source_rows"] = count_json(table.source_rows);
        item["target_rows"] = count_json(table.target_rows);
        item["missing"] = table.missing;
        item["extra"] = table.extra;
        item["different"] = table.different;
        item["unsettled"] = table.unsettled;
        item["why_unsettled"] =
            table.unsettled > 0 ? ordered_json(table.why_unsettled) : ordered_json(nullptr);
        item["error"] = table.error.empty() ? ordered_json(nullptr) : ordered_json(table.error);
        item["gone"] = table.gone.empty() ? ordered_json(nullptr) : ordered_json(table.gone);
        item["not_compared"] = ordered_json::array();
        item["why_not_compared"] = ordered_json::object();
        for (const NotCompared& column : table.not_compared) {
            item["not_compared"].push_back(column.name);
            item["why_not_compared"][column.name] = column.why;
        }
        item["generated"] = table.generated;
        item["target_only"] = table.target_only;
        item["restricted"] =
            table.restricted.empty() ? ordered_json(nullptr) : ordered_json(table.restricted);
        for (const char* kind : {"stale", "unproven"}) {
            item[kind] = nullptr;
        }
        item["cleared"] = ordered_json::array();
        for (const Mark& mark : table.marks) {
            if (mark.cleared) {
                item["cleared"].push_back(mark.kind);
            } else {
                item[mark.kind] = mark.why;
            }
        }
        item["seconds"] = static_cast<double>(table.ms) / 1000;
        item["differences"] = ordered_json::array();
        for (const RowDifference& row : table.shown) {
            item["differences"].push_back(row_json(row));
        }
        document["tables"].push_back(std::move(item));
    }
    return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

} // namespace cdc::verify
