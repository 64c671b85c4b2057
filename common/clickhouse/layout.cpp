#include "clickhouse/layout.hpp"

#include "base/error.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/stored_name.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"
#include "event/line_decoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::clickhouse {

namespace {

const Layout& default_layout() {
    static const Layout layout;
    return layout;
}

std::string raw_template(const Layout& layout) {
    return !layout.raw.empty() ? layout.raw : layout.history() ? "{name}_history" : "{name}_raw";
}

std::string stored_name(const Layout& layout, const std::string& raw) {
    return layout.clustered() ? raw + "_local" : raw;
}

using Mark = std::pair<std::string_view, std::string_view>;

template<std::size_t N>
std::string fill(std::string_view text, const std::array<Mark, N>& marks) {
    std::string out;
    while (!text.empty()) {
        const auto* mark = std::find_if(marks.begin(), marks.end(), [&](const Mark& candidate) {
            return text.substr(0, candidate.first.size()) == candidate.first;
        });
        if (mark != marks.end()) {
            out += mark->second;
            text.remove_prefix(mark->first.size());
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string with_name(std::string_view text, const event::Table& table, std::string_view name) {
    return fill(text, std::array<Mark, 4>{{{"{table}", table.table},
                                           {"{schema}", table.schema},
                                           {"{db}", table.db},
                                           {"{name}", name}}});
}

} // namespace

std::string Layout::on_cluster() const {
    return clustered() ? " ON CLUSTER " + quote_identifier(cluster) : std::string{};
}

bool Layout::is_own(std::string_view column) const {
    return column == version || column == row || column == sign || column == source_time ||
           column == synced_at || column == (history() ? operation : deleted);
}

Target::Target(std::string_view table_name)
    : layout{&default_layout()}, name{table_name}, raw{name + "_raw"}, view{name},
      pending{name + "_pending"}, stored{raw} {}

Target::Target(const Layout& all, const event::Table& source) : Target{all, source, false} {}

Target Target::with_plain_names(const Layout& all, const event::Table& source) {
    return {all, source, true};
}

Target::Target(const Layout& all, const event::Table& source, bool plain) : layout{&all} {
    // A source without schemas has its db in their place.
    event::Table parts{
        source.db, source.schema.empty() ? source.db : source.schema, source.table, {}};
    if (!plain) {
        for (std::string* part : {&parts.db, &parts.schema, &parts.table}) {
            *part = stored_part(*part);
        }
    }
    name = with_name(all.table, parts, "{name}");
    if (!plain) {
        name = stored_table(name, all);
    }
    raw = with_name(raw_template(all), parts, name);
    view = with_name(all.view, parts, name);
    pending = with_name(all.pending, parts, name);
    stored = stored_name(all, raw);
}

std::string layout_json(const Target& target) {
    const Layout& own = target.own();
    const Target plain{target.name};
    const Layout& usual = plain.own();
    std::string out;
    const auto add = [&](std::string_view member, const std::string& value,
                         const std::string& normal) {
        if (value != normal) {
            out += out.empty() ? "{" : ",";
            event::append_json_string(out, member);
            out += ':';
            event::append_json_string(out, value);
        }
    };
    add("mode", own.history() ? "history" : "replace", "replace");
    add("cluster", own.cluster, "");
    add("raw", target.raw, plain.raw);
    add("view", target.view, plain.view);
    add("pending", target.pending, plain.pending);
    add("version", own.version, usual.version);
    add("deleted", own.deleted, usual.deleted);
    add("row", own.row, usual.row);
    add("sign", own.sign, usual.sign);
    add("operation", own.operation, usual.operation);
    add("source_time", own.source_time, usual.source_time);
    add("synced_at", own.synced_at, usual.synced_at);
    return out.empty() ? out : out + "}";
}

Target stored_target(std::string_view table_name, std::string_view json, Layout& layout) {
    Target target{table_name};
    target.layout = &layout;
    if (json.empty()) {
        return target;
    }
    const std::pair<std::string_view, std::string*> texts[] = {
        {"cluster", &layout.cluster},
        {"raw", &target.raw},
        {"view", &target.view},
        {"pending", &target.pending},
        {"version", &layout.version},
        {"deleted", &layout.deleted},
        {"row", &layout.row},
        {"sign", &layout.sign},
        {"operation", &layout.operation},
        {"source_time", &layout.source_time},
        {"synced_at", &layout.synced_at},
    };
    event::JsonCursor cursor{json};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view member = cursor.member_name();
        const std::string_view json_value = cursor.value();
        if (cursor.failed()) {
            break;
        }
        const std::string value = event::json_string_value(json_value);
        if (member == "mode") {
            layout.mode = value == "history" ? Mode::history : Mode::replace;
        }
        for (const auto& [name, text] : texts) {
            if (name == member) {
                *text = value;
            }
        }
    }
    if (cursor.failed()) {
        base::fail(base::ExitCode::bad_data, "the target's layout of {} is broken: {}",
                   base::in_quotes(table_name), json);
    }
    target.stored = stored_name(layout, target.raw);
    return target;
}

} // namespace cdc::clickhouse
