#include "cdc-lag/render.hpp"

#include "cli/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace cdc::lag {

namespace {

using nlohmann::ordered_json;

} // namespace

const char* verdict_text(Verdict verdict) {
    switch (verdict) {
    case Verdict::within:
        return "within";
    case Verdict::beyond:
        return "beyond";
    case Verdict::unknown:
        break;
    }
    return "unknown";
}

namespace {

std::string quoted_csv(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string out = "\"";
    for (const char c : text) {
        out += c == '"' ? "\"\"" : std::string(1, c);
    }
    return out + "\"";
}

/// A name as one field.
std::string one_word(std::string name) {
    std::replace(name.begin(), name.end(), ' ', '/');
    return name;
}

std::string detail_text(const ordered_json& value) {
    return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

/// Lines of one metric must stand together, under one HELP and TYPE.
class Families {
public:
    void add(const std::string& name, const char* help, const Hop& hop, const std::string& value) {
        Family& family = m_families[name];
        family.help = help;
        family.lines += fmt::format("{}{{kind=\"{}\",name=\"{}\"}} {}\n", name,
                                    cli::label_value(hop.kind), cli::label_value(hop.name), value);
    }
    std::string text() const {
        std::string out;
        for (const auto& [name, family] : m_families) {
            out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{2}", name, family.help,
                               family.lines);
        }
        return out;
    }

private:
    struct Family {
        const char* help = "";
        std::string lines;
    };
    std::map<std::string, Family> m_families;
};

} // namespace

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024) {
        return fmt::format("{}B", bytes);
    }
    static constexpr std::array<const char*, 5> kUnits = {"kB", "MB", "GB", "TB", "PB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f}{}", value, value < 10 ? 2 : value < 100 ? 1 : 0, kUnits.at(unit));
}

std::string seconds_text(std::int64_t ms) {
    if (ms % 1000 == 0) {
        return fmt::format("{}", ms / 1000);
    }
    std::string text = fmt::format("{:.3f}", static_cast<double>(ms) / 1000);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

std::string time_text(std::int64_t ms) {
    const std::int64_t seconds = ms / 1000;
    if (ms > 0 && ms < 10'000 && ms % 1000 != 0) {
        return fmt::format("{:.1f}s", static_cast<double>(ms) / 1000);
    }
    if (seconds < 60) {
        return fmt::format("{}s", seconds);
    }
    if (seconds < 3600) {
        return fmt::format("{}m {}s", seconds / 60, seconds % 60);
    }
    if (seconds < 86400) {
        return fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
    }
    return fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
}

std::string render_table(const std::vector<Hop>& hops) {
    std::vector<std::array<std::string, 7>> rows;
    rows.push_back({"HOP", "NAME", "POSITION", "BYTES", "EVENTS", "SECONDS", "DETAILS"});
    for (const Hop& hop : hops) {
        // Why a hop is broken or unknown is said once, on stderr.
        std::string details = !hop.broken.empty()    ? "broken"
                              : !hop.unknown.empty() ? "unknown"
                                                     : "";
        for (const auto& [name, value] : hop.details) {
            details += details.empty() ? "" : "  ";
            details += name + "=" + detail_text(value);
        }
        rows.push_back({hop.kind, one_word(hop.name), hop.position.empty() ? "-" : hop.position,
                        hop.bytes ? size_text(*hop.bytes) : "-",
                        hop.events ? std::to_string(*hop.events) : "-",
                        hop.ms ? seconds_text(*hop.ms) : "-", details});
    }
    std::array<std::size_t, 6> width{};
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < width.size(); ++i) {
            width.at(i) = std::max(width.at(i), row.at(i).size());
        }
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool number = i >= 3 && i <= 5;
            line += i == 0 ? "" : "  ";
            line += i == 6   ? row.at(i)
                    : number ? fmt::format("{:>{}}", row.at(i), width.at(i))
                             : fmt::format("{:<{}}", row.at(i), width.at(i));
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

std::string render_csv(const std::vector<Hop>& hops) {
    std::string out = "kind,name,position,bytes,events,seconds,problem,details\n";
    for (const Hop& hop : hops) {
        ordered_json details = ordered_json::object();
        for (const auto& [name, value] : hop.details) {
            details[name] = value;
        }
        out += fmt::format("{},{},{},{},{},{},{},{}\n", hop.kind, quoted_csv(hop.name),
                           quoted_csv(hop.position), hop.bytes ? std::to_string(*hop.bytes) : "",
                           hop.events ? std::to_string(*hop.events) : "",
                           hop.ms ? seconds_text(*hop.ms) : "",
                           quoted_csv(hop.broken.empty() ? hop.unknown : hop.broken),
                           quoted_csv(details.empty() ? "" : details.dump()));
    }
    return out;
}

std::string render_json(const std::vector<Hop>& hops, Verdict verdict,
                        const std::vector<std::string>& reasons, std::int64_t now_ms) {
    ordered_json document;
    document["ts_ms"] = now_ms;
    document["verdict"] = verdict_text(verdict);
    document["reasons"] = reasons;
    document["hops"] = ordered_json::array();
    for (const Hop& hop : hops) {
        ordered_json item;
        item["kind"] = hop.kind;
        item["name"] = hop.name;
        item["position"] = hop.position.empty() ? ordered_json{} : ordered_json(hop.position);
        item["bytes"] = hop.bytes ? ordered_json(*hop.bytes) : ordered_json{};
        item["events"] = hop.events ? ordered_json(*hop.events) : ordered_json{};
        item["seconds"] =
            hop.ms ? ordered_json(static_cast<double>(*hop.ms) / 1000) : ordered_json{};
        item["passed"] = hop.passed ? ordered_json(*hop.passed) : ordered_json{};
        for (const auto& [name, value] : hop.details) {
            item[name] = value;
        }
        item["broken"] = hop.broken.empty() ? ordered_json{} : ordered_json(hop.broken);
        item["unknown"] = hop.unknown.empty() ? ordered_json{} : ordered_json(hop.unknown);
        document["hops"].push_back(std::move(item));
    }
    return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string render_prometheus(const std::vector<Hop>& hops, Verdict verdict, std::int64_t now_ms) {
    Families families;
    for (const Hop& hop : hops) {
        families.add("cdc_lag_known", "1 when the hop could be told, 0 when not.", hop,
                     hop.unknown.empty() ? "1" : "0");
        families.add("cdc_lag_broken", "1 when the hop is lost, whatever the limits.", hop,
                     hop.broken.empty() ? "0" : "1");
        if (hop.bytes) {
            families.add("cdc_lag_bytes", "Bytes of the source's log not yet past this hop.", hop,
                         std::to_string(*hop.bytes));
        }
        if (hop.events) {
            families.add("cdc_lag_events", "Events not yet past this hop.", hop,
                         std::to_string(*hop.events));
        }
        if (hop.ms) {
            families.add("cdc_lag_seconds", "How long the hop has been behind, at most.", hop,
                         seconds_text(*hop.ms));
        }
        for (const auto& [name, value] : hop.details) {
            const std::string metric = "cdc_" + hop.kind + "_" + name;
            if (value.is_boolean()) {
                families.add(metric, "See cdc-lag(1).", hop, value.get<bool>() ? "1" : "0");
            } else if (value.is_number()) {
                families.add(metric, "See cdc-lag(1).", hop, value.dump());
            }
        }
    }
    return families.text() +
           fmt::format("# HELP cdc_lag_verdict 0 within, 1 beyond, 2 could not be told.\n"
                       "# TYPE cdc_lag_verdict gauge\ncdc_lag_verdict {}\n"
                       "# HELP cdc_lag_run_timestamp_seconds When cdc-lag looked.\n"
                       "# TYPE cdc_lag_run_timestamp_seconds gauge\n"
                       "cdc_lag_run_timestamp_seconds {}\n",
                       static_cast<int>(verdict), seconds_text(now_ms));
}

} // namespace cdc::lag
