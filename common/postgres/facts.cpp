#include "postgres/facts.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/facts_change.hpp"
#include "postgres/debezium_value.hpp"
#include "postgres/facts_query.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using event::ColumnFact;
using event::Facts;

namespace {

constexpr Lsn kShortPageHeader = 24;
constexpr Lsn kLongPageHeader = 40; // of the first page in a file

/// What stands before the separator, and is taken off with it.
std::string_view cut(std::string_view& rest, char separator) {
    const std::string_view part = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
}

/// Three columns from `column` on.
LookMoment moment_of(const Result& result, int row, int column) {
    std::string_view rest = result.text(row, column); // "running:next:open,open"
    LookMoment moment;
    moment.running = cut(rest, ':');
    moment.next = cut(rest, ':');
    while (!rest.empty()) {
        moment.open.emplace_back(cut(rest, ','));
    }
    moment.position = before_page_header(parse_lsn(result.text(row, column + 1)).value_or(0),
                                         result.number<std::uint64_t>(row, column + 2));
    return moment;
}

using TypeKey = std::pair<std::uint32_t, std::int32_t>; ///< oid and modifier

/// Puts the rows of one answer together.
class Assembly {
public:
    explicit Assembly(const FactsScope& scope) : m_scope{&scope} {}

    void take(const Result& row);
    FactsLook finish();

private:
    std::string_view text(int column) const { return m_row->text(0, column); }
    template<typename T = std::uint32_t>
    T integer(int column) const {
        return m_row->number<T>(0, column);
    }
    void take_row(char kind);
    void take_birth(event::LeafFacts& leaf) const;
    void take_place(event::LeafFacts& leaf) const;
    void take_listing(event::PublicationFacts& publication) const;
    void take_column(Facts& facts);
    void take_missing(Facts& facts, const std::string& name);
    void complete(Facts& facts);
    void add_types(Facts& facts, std::uint32_t type, bool masked, std::set<std::uint32_t>& seen);
    event::ColumnEdits::Edit edit_of(const Facts& facts, std::string_view column) const {
        return m_scope->edits.empty() ? event::ColumnEdits::Edit{}
                                      : m_scope->edits.of(facts.schema, facts.table, column);
    }

    const FactsScope* m_scope;
    const Result* m_row = nullptr;
    std::size_t m_part = 0; ///< of the answer, which row came last
    FactsLook m_look;
    event::PublicationFacts m_publication;
    std::unordered_map<std::uint32_t, Facts> m_tables;
    std::map<std::uint32_t, event::TypeFacts> m_types;
    std::map<TypeKey, ValueCodec> m_codecs;
};

/// Tables, types and codecs come first: the rows of the others refer to them.
void Assembly::take(const Result& row) {
    static constexpr std::string_view kParts[] = {"ptyead", "lck", "m"};
    m_row = &row;
    const char kind = text(0).empty() ? '\0' : text(0).front();
    const auto part =
        static_cast<std::size_t>(std::find_if(std::begin(kParts), std::end(kParts),
                                              [kind](std::string_view kinds) {
                                                  return kinds.find(kind) != std::string_view::npos;
                                              }) -
                                 std::begin(kParts));
    if (part < m_part || part == std::size(kParts)) {
        fail(ExitCode::failed, "the catalog answered a row of kind {} out of its place",
             in_quotes(text(0)));
    }
    m_part = part;
    take_row(kind);
}

FactsLook Assembly::finish() {
    m_look.tables.reserve(m_tables.size());
    while (!m_tables.empty()) {
        auto table = m_tables.extract(m_tables.begin());
        complete(table.mapped());
        m_look.tables.push_back(std::move(table.mapped()));
    }
    std::sort(m_look.tables.begin(), m_look.tables.end(),
              [](const Facts& a, const Facts& b) { return a.oid < b.oid; });
    m_look.digest = event::facts_digest(m_look.tables);
    return std::move(m_look);
}

void Assembly::take_row(char kind) {
    const auto oid = integer(1);
    switch (kind) {
    case 'p': {
        m_publication.oid = oid;
        m_publication.version = text(2);
        m_publication.operations = text(3);
        m_look.moment = moment_of(*m_row, 0, 4);
        return;
    }
    case 't':
        if (m_scope->filter.matches(text(2), text(3))) {
            Facts& facts = m_tables[oid];
            facts.oid = oid;
            facts.schema = text(2);
            facts.table = text(3);
            facts.publication.entry = text(4);
            facts.publication.columns = text(5);
            facts.publication.filter = text(6);
            facts.width = integer<int>(7);
            take_listing(facts.publication);
        }
        return;
    case 'y': {
        event::TypeFacts& type = m_types[oid];
        type.oid = oid;
        type.kind = text(2).front();
        type.base = m_row->is_null(0, 3) ? 0 : integer(3);
        type.modifier = integer<std::int32_t>(4);
        type.born = text(5);
        return;
    }
    case 'e':
        m_types[oid].labels.push_back(
            {integer(2), std::string{text(3)}, std::string{text(4)}, integer(5)});
        return;
    case 'a':
        m_types[oid].attributes.push_back(
            {integer<int>(2), integer(3), std::string{text(4)}, integer(5)});
        return;
    case 'd': {
        ValueCodec& codec = m_codecs[{oid, integer<std::int32_t>(2)}];
        const bool element = text(5) == "true";
        if (codec.is_array() && !element) {
            return; // the rows of one type come in any order
        }
        codec = m_scope->encoding == Encoding::debezium
                    ? debezium_codec(integer(3), integer<std::int32_t>(4), text(7))
                    : ValueCodec{value_kind(integer(3))};
        if (element) {
            codec.delimiter = text(6).at(0);
        }
        return;
    }
    default:
        break;
    }
    const auto found = m_tables.find(oid);
    if (found == m_tables.end()) {
        return; // not captured
    }
    Facts& facts = found->second;
    if (kind == 'l') {
        event::LeafFacts leaf;
        leaf.oid = integer(2);
        leaf.storage = integer(3);
        leaf.xmin = text(4);
        take_birth(leaf);
        leaf.kind = text(6).front();
        leaf.persistence = text(7).front();
        leaf.altered = text(7).size() > 1;
        take_place(leaf);
        facts.leaves.push_back(std::move(leaf));
    } else if (kind == 'c') {
        take_column(facts);
    } else if (kind == 'm') {
        take_missing(facts, std::string{text(2)});
    } else if (kind == 'k') {
        facts.key = event::KeyFacts{integer(2), parse_numbers(text(3)), text(4) != "true",
                                    text(5) == "true"};
    }
}

/// "birth command named"
void Assembly::take_birth(event::LeafFacts& leaf) const {
    std::string_view rest = text(5);
    leaf.birth = cut(rest, ' ');
    leaf.command = base::parse_integer<std::uint32_t>(cut(rest, ' ')).value_or(0);
    leaf.named = cut(rest, ' ');
}

/// "parent:xmin command,…", or ""
void Assembly::take_place(event::LeafFacts& leaf) const {
    std::string_view rest = text(8);
    while (!rest.empty()) {
        const std::string_view part = cut(rest, ',');
        const std::string_view place = part.substr(0, part.find(' '));
        leaf.under += leaf.under.empty() ? "" : ",";
        leaf.under += place;
        if (event::same_transaction(place.substr(place.find(':') + 1), leaf.birth)) {
            leaf.placed =
                std::max(leaf.placed, base::parse_integer<std::uint32_t>(
                                          part.substr(std::min(place.size() + 1, part.size())))
                                          .value_or(0));
        }
    }
}

/// "command of the entry", of a schema's also " joined command"
void Assembly::take_listing(event::PublicationFacts& publication) const {
    std::string_view rest = text(8);
    const auto command = [&rest] {
        return base::parse_integer<std::uint32_t>(cut(rest, ' ')).value_or(0);
    };
    publication.listed = command();
    publication.joined = cut(rest, ' ');
    publication.moved = command();
}

void Assembly::take_column(Facts& facts) {
    const auto edit = edit_of(facts, text(3));
    if (edit.kind != event::ColumnEdits::Kind::keep) {
        m_look.edited[facts.oid].emplace(integer<int>(2), text(3));
    }
    if (edit.kind == event::ColumnEdits::Kind::leave_out) {
        return;
    }
    ColumnFact column;
    column.number = integer<int>(2);
    column.name = text(3);
    column.type = edit.kind == event::ColumnEdits::Kind::keep ? text(4) : "text";
    column.type_id = integer(5);
    column.modifier = integer<std::int32_t>(6);
    const std::string_view flags = text(7);
    column.nullable = flags.empty() || flags.front() != 'n';
    column.generated = flags.substr(column.nullable ? 0 : 1);
    column.expression = text(8);
    facts.columns.push_back(std::move(column));
}

/// Leaves under one root may have it each for itself.
void Assembly::take_missing(Facts& facts, const std::string& name) {
    const auto column = std::find_if(facts.columns.begin(), facts.columns.end(),
                                     [&](const ColumnFact& fact) { return fact.name == name; });
    if (column == facts.columns.end()) {
        return;
    }
    std::string value = single_element(text(3));
    std::string json;
    const auto edit = edit_of(facts, name);
    ValueCodec codec = m_codecs[{integer(4), integer<std::int32_t>(5)}];
    if (edit.kind == event::ColumnEdits::Kind::fixed) {
        value = edit.text;
        codec = {};
    } else if (edit.is_computed()) {
        std::string computed;
        m_scope->edits.append_computed(computed, value, edit.of_table());
        value = std::move(computed);
        codec = {};
    }
    try {
        append_value(json, codec, value);
    } catch (const base::Error&) {
        json.clear();
    }
    if (column->missing == ColumnFact::Missing::none && !json.empty()) {
        column->missing = ColumnFact::Missing::value;
        column->missing_json = std::move(json);
    } else if (column->missing_json != json) {
        column->missing = ColumnFact::Missing::unknown;
        column->missing_json.clear();
    }
}

void Assembly::add_types(Facts& facts, std::uint32_t type, bool masked,
                         std::set<std::uint32_t>& seen) {
    const auto found = m_types.find(type);
    if (found == m_types.end() || !seen.insert(type).second) {
        return;
    }
    event::TypeFacts copy = found->second;
    if (masked) {
        for (event::LabelFact& label : copy.labels) {
            std::string hash;
            m_scope->edits.append_label(hash, label.label);
            label.label = std::move(hash);
        }
    }
    const std::uint32_t base = copy.base;
    const auto attributes = copy.attributes;
    facts.types.push_back(std::move(copy));
    add_types(facts, base, masked, seen);
    for (const event::AttributeFact& attribute : attributes) {
        add_types(facts, attribute.type, masked, seen);
    }
}

void Assembly::complete(Facts& facts) {
    const auto by_number = [](const auto& a, const auto& b) {
        return a.number < b.number;
    };
    const auto by_oid = [](const auto& a, const auto& b) {
        return a.oid < b.oid;
    };
    facts.columns.shrink_to_fit();
    facts.xid = m_look.moment.running;
    facts.publication.oid = m_publication.oid;
    facts.publication.version = m_publication.version;
    facts.publication.operations = m_publication.operations;
    std::sort(facts.leaves.begin(), facts.leaves.end(), by_oid);
    std::sort(facts.columns.begin(), facts.columns.end(), by_number);
    std::set<std::uint32_t> seen;
    for (const bool masked : {false, true}) {
        for (const ColumnFact& column : facts.columns) {
            const bool is_masked =
                edit_of(facts, column.name).kind != event::ColumnEdits::Kind::keep;
            if (is_masked == masked) {
                add_types(facts, column.type_id, masked, seen);
            }
        }
    }
    std::sort(facts.types.begin(), facts.types.end(), by_oid);
    for (event::TypeFacts& type : facts.types) {
        std::sort(type.labels.begin(), type.labels.end(), by_oid);
        std::sort(type.attributes.begin(), type.attributes.end(), by_number);
        type.version.clear();
        for (const event::LabelFact& label : type.labels) {
            type.version = std::max(type.version, label.xmin);
        }
    }
}

} // namespace

Lsn before_page_header(Lsn position, Lsn page) {
    const Lsn behind = page != 0 ? position % page : 0;
    return behind == kShortPageHeader || behind == kLongPageHeader ? position - behind : position;
}

std::string single_element(std::string_view array) {
    if (array.size() < 2 || array.front() != '{' || array.back() != '}') {
        fail(ExitCode::failed, "the catalog answered {} where an array belongs", in_quotes(array));
    }
    array = array.substr(1, array.size() - 2);
    if (array.size() < 2 || array.front() != '"') {
        return std::string{array};
    }
    std::string out;
    for (std::size_t i = 1; i + 1 < array.size(); ++i) {
        i += array[i] == '\\' ? 1 : 0;
        out += array[i];
    }
    return out;
}

std::vector<int> parse_numbers(std::string_view text) {
    std::vector<int> out;
    while (!text.empty()) {
        const auto space = std::min(text.find(' '), text.size());
        out.push_back(base::parse_integer<int>(text.substr(0, space)).value_or(0));
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return out;
}

std::optional<pgoutput::OwnedRelation> read_relation(Connection& connection,
                                                     const event::Facts& facts) {
    // An index that is valid and not deferrable, without its INCLUDE columns.
    constexpr char kIdentity[] = R"(
        SELECT c.relreplident, array_to_string((i.indkey::int2[])[0:i.indnkeyatts - 1], ' ')
        FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
            AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
        WHERE c.oid = $1::oid)";
    const Result result = connection.query_planned(kIdentity, {std::to_string(facts.oid)});
    if (result.rows() == 0) {
        return std::nullopt;
    }
    pgoutput::Relation relation;
    relation.id = facts.oid;
    relation.schema = facts.schema;
    relation.name = facts.table;
    relation.identity = result.text(0, 0).front();
    const std::vector<int> key = parse_numbers(result.text(0, 1));
    for (const ColumnFact& column : facts.columns) {
        const bool in_key = std::find(key.begin(), key.end(), column.number) != key.end();
        relation.columns.push_back(
            {relation.identity == 'f' || in_key, column.name, column.type_id, column.modifier});
    }
    return pgoutput::OwnedRelation{relation};
}

const event::Facts* find_table(const FactsLook& look, std::uint32_t oid) {
    const auto found =
        std::lower_bound(look.tables.begin(), look.tables.end(), oid,
                         [](const Facts& a, std::uint32_t wanted) { return a.oid < wanted; });
    return found != look.tables.end() && found->oid == oid ? &*found : nullptr;
}

bool LookMoment::could_see(std::string_view xid) const {
    return event::precedes(xid, next) &&
           std::none_of(open.begin(), open.end(), [&](const std::string& other) {
               return event::same_transaction(other, xid);
           });
}

FactsLook read_facts(Connection& connection, const FactsScope& scope) {
    Assembly assembly{scope};
    connection.query_rows(facts_sql(connection.server_version()), {scope.publication},
                          [&assembly](const Result& row) { assembly.take(row); });
    FactsLook look = assembly.finish();
    if (look.moment.position == 0) {
        fail(ExitCode::refused, "there is no publication {} in database {}",
             in_quotes(scope.publication), connection.description());
    }
    return look;
}

FactsVersion read_facts_version(Connection& connection) {
    const Result result = connection.query(facts_version_sql(connection.server_version()));
    return {moment_of(result, 0, 0), std::string{result.text(0, 3)}};
}

} // namespace cdc::postgres
