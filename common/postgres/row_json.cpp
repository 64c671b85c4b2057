#include "postgres/row_json.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"

namespace cdc::postgres {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {

void append_member(std::string& out, const RelationPlan::Column& column,
                   const pgoutput::TupleColumn& value, Use use) {
    out += column.member;
    if (value.kind == 'n') {
        out += "null";
        return;
    }
    try {
        if (use == Use::once) {
            append_value_once(out, column.codec, value.text);
        } else {
            append_value(out, column.codec, value.text);
        }
    } catch (const Error& error) {
        throw Error{error.code(),
                    fmt::format("column {}: {}", base::in_quotes(column.name), error.what())};
    }
}

} // namespace

void append_key(std::string& out, const RelationPlan& plan, const pgoutput::Tuple& row) {
    if (plan.key().empty()) {
        out += "null";
        return;
    }
    char separator = '{';
    for (const std::size_t i : plan.key()) {
        if (row[i].kind == 'u') {
            fail(ExitCode::bad_data, "column {}: the log does not carry this part of the key",
                 base::in_quotes(plan.columns()[i].name));
        }
        out += separator;
        append_member(out, plan.columns()[i], row[i], Use::again);
        separator = ',';
    }
    out += '}';
}

void append_row(std::string& out, const RelationPlan& plan, const pgoutput::Tuple& row,
                std::vector<std::size_t>& missing, Use use) {
    missing.clear();
    out += '{';
    bool first = true;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i].kind == 'u') {
            missing.push_back(i);
            continue;
        }
        if (!first) {
            out += ',';
        }
        first = false;
        append_member(out, plan.columns()[i], row[i], use);
    }
    out += '}';
}

void append_names(std::string& out, std::string_view member, const RelationPlan& plan,
                  const std::vector<std::size_t>& columns) {
    if (columns.empty()) {
        return;
    }
    out += ",\"";
    out += member;
    out += "\":";
    char separator = '[';
    for (const std::size_t i : columns) {
        out += separator;
        event::append_json_string(out, plan.columns()[i].name);
        separator = ',';
    }
    out += ']';
}

} // namespace cdc::postgres
