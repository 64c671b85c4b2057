#include "event/facts.hpp"

#include "event/line_decoder.hpp"

#include "support.hpp"

using namespace cdc::event;

namespace {

Facts every_member() {
    Facts facts;
    facts.schema = "public";
    facts.table = "t";
    facts.oid = 4294967295U;
    facts.xid = "9007199254740993";
    facts.since = "9007199254740992";
    facts.slot = "orders";
    facts.lost = {16406, 16407};
    facts.renamed_labels = {"odd \"label\""};
    facts.filled = {16408};
    facts.width = 5;
    facts.empty = true;
    facts.leaves = {{16401, 0, "812", "790", 'p', 'p', ""},
                    {16405, 16409, "813", "790", 'r', 'u', "16401:790", "791", 3}};
    ColumnFact id;
    id.number = 1;
    id.name = "odd \"name\"";
    id.type = "integer";
    id.type_id = 23;
    id.nullable = false;
    ColumnFact added = id;
    added.number = 3;
    added.missing = ColumnFact::Missing::value;
    added.missing_json = R"({"a":[1,"x"]})";
    ColumnFact computed = added;
    computed.number = 4;
    computed.generated = "s";
    computed.expression = "16410:812";
    computed.modifier = 786438;
    computed.missing = ColumnFact::Missing::unknown;
    computed.missing_json.clear();
    facts.columns = {id, added, computed};
    facts.types = {
        {16500, 'e', "f00d", {{16502, "733", "sad"}, {16504, "734", "ok", 2}}, {}, 0, -1},
        {16510, 'c', "", {}, {{1, 23, "700"}, {3, 16500, "701", 4}}, 0, -1, "700"},
        {16520, 'd', "", {}, {}, 16500, 786438}};
    facts.publication = {16600, "820", "iud", "16601:821", "1 3", "abcd"};
    facts.key = KeyFacts{16403, {1, 3}, false, true};
    return facts;
}

} // namespace

TEST_CASE("facts are read back from a line as they were written") {
    Facts facts = every_member();
    std::string line;
    append_facts_line(
        line, facts,
        R"({"db":"d","schema":"public","table":"t","order":"00010000000000001000000000000000"})",
        7);
    LineDecoder decoder;
    const DecodedLine& decoded = decoder.decode({line.data(), line.size() - 1});
    CHECK(decoded.kind == LineKind::facts);
    CHECK(decoded.source.table == "t");
    Facts read = parse_facts(decoded.payload);
    read.schema = decoded.source.schema;
    read.table = decoded.source.table;
    CHECK(read == facts);
}

TEST_CASE("a table that left the capture has nothing but its number") {
    Facts facts;
    facts.oid = 5;
    facts.xid = "7";
    facts.gone = true;
    std::string text;
    append_facts(text, facts);
    CHECK(text == R"({"oid":5,"xid":"7","gone":true})");
    CHECK(parse_facts(text) == facts);
}

TEST_CASE("a mark is read back from a line as it was written") {
    for (const Mark::Kind kind : {Mark::Kind::stale, Mark::Kind::unproven}) {
        const Mark mark{kind, "column 'a' was \"rewritten\""};
        std::string line;
        append_mark_line(
            line, mark,
            R"({"db":"d","schema":"s","table":"t","order":"00010000000000001000000000000000"})", 7);
        LineDecoder decoder;
        const DecodedLine& decoded = decoder.decode({line.data(), line.size() - 1});
        CHECK(decoded.kind == LineKind::mark);
        CHECK(decoded.source.schema == "s");
        CHECK(parse_mark(decoded.payload) == mark);
    }
}

TEST_CASE("the digest follows every fact, and neither the order of tables nor the look") {
    const Facts facts = every_member();
    Facts other = facts;
    other.oid = 7;
    CHECK(facts_digest({facts, other}) == facts_digest({other, facts}));
    Facts later = facts;
    later.xid = "1";
    later.empty = false;
    later.since = later.slot = "";
    later.lost.clear();
    later.renamed_labels.clear();
    later.filled.clear();
    CHECK(facts_digest({later}) == facts_digest({facts}));
    const auto differs = [&](auto change) {
        Facts changed = facts;
        change(changed);
        return facts_digest({changed}) != facts_digest({facts});
    };
    CHECK(differs([](Facts& f) { f.table = "u"; }));
    CHECK(differs([](Facts& f) { f.schema = "u"; }));
    CHECK(differs([](Facts& f) { f.leaves[1].storage = 1; }));
    CHECK(differs([](Facts& f) { f.leaves[1].xmin = "1"; }));
    CHECK(differs([](Facts& f) { f.leaves[1].under = "1"; }));
    CHECK(differs([](Facts& f) { f.leaves[1].persistence = 'p'; }));
    CHECK(differs([](Facts& f) { f.leaves[1].named = "1"; }));
    CHECK(differs([](Facts& f) { f.types[1].attributes[0].xmin = "1"; }));
    CHECK(differs([](Facts& f) { f.types[1].born = "1"; }));
    CHECK(differs([](Facts& f) { f.width = 6; }));
    CHECK(differs([](Facts& f) { f.columns[1].missing_json = "1"; }));
    CHECK(differs([](Facts& f) { f.columns[2].expression = "1"; }));
    CHECK(differs([](Facts& f) { f.columns[0].nullable = true; }));
    CHECK(differs([](Facts& f) { f.types[0].version = "1"; }));
    CHECK(differs([](Facts& f) { f.types[0].labels[0].label = "1"; }));
    CHECK(differs([](Facts& f) { f.types[0].labels[0].xmin = "1"; }));
    CHECK(differs([](Facts& f) { f.types[1].attributes.pop_back(); }));
    CHECK(differs([](Facts& f) { f.types[2].base = 1; }));
    CHECK(differs([](Facts& f) { f.publication.operations = "iudt"; }));
    CHECK(differs([](Facts& f) { f.publication.entry = ""; }));
    CHECK(differs([](Facts& f) { f.key->immediate = true; }));
    CHECK(differs([](Facts& f) { f.key.reset(); }));
}

TEST_CASE("a broken facts or mark line is refused") {
    CHECK_FAILS(parse_facts("[]"), bad_data, "broken facts line");
    CHECK_FAILS(parse_facts(R"({"oid":1.5})"), bad_data, "oid");
    CHECK_FAILS(parse_facts(R"({"oid":1,"columns":[{}]})"), bad_data, "broken facts line");
    CHECK_FAILS(parse_mark(R"({"kind":"odd"})"), bad_data, "unknown kind");
}
