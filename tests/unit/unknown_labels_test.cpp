#include "cdc-capture/postgres_unknown_labels.hpp"
#include "pgoutput_bytes.hpp"

#include <doctest/doctest.h>

using namespace cdc::capture;
using cdc::event::ColumnEdits;
using cdc::event::Facts;
using cdc::event::TableFilter;
using cdc::event::TypeFacts;
using cdc::postgres::FactsLook;
using cdc::postgres::Look;
namespace bytes = pgoutput_bytes;

namespace {

constexpr std::uint32_t kEnum = 16500;
constexpr std::uint32_t kArray = 16501;
constexpr std::uint32_t kDomain = 16502;
constexpr std::uint32_t kComposite = 16503;

TypeFacts type(std::uint32_t oid, char kind, std::uint32_t base = 0) {
    TypeFacts out;
    out.oid = oid;
    out.kind = kind;
    out.base = base;
    return out;
}

FactsLook facts(const std::vector<std::string>& labels) {
    Facts table;
    table.schema = "public";
    table.table = "t";
    table.oid = 10;
    table.types = {type(kEnum, 'e'), type(kArray, 'b', kDomain), type(kDomain, 'd', kEnum),
                   type(kComposite, 'c')};
    for (const std::string& label : labels) {
        table.types[0].labels.push_back({1, "600", label, 0});
    }
    FactsLook look;
    look.tables = {table};
    return look;
}

Look look(const std::vector<std::string>& labels, const char* next = "1000") {
    Look out;
    out.moment.next = next;
    out.facts = std::make_shared<FactsLook>(facts(labels));
    return out;
}

const TableFilter kAll{{}, {}};
const ColumnEdits kNoEdits;

/// Table 10 with a column of each type.
struct Stream {
    explicit Stream(const ColumnEdits& edits = kNoEdits) : labels{kAll, edits} {
        take(bytes::relation(
            10, "public", "t", 'd',
            {{"id"}, {"e", kEnum}, {"a", kArray}, {"d", kDomain}, {"c", kComposite}}));
    }
    bool take(const std::string& message) { return labels.take(decoder.decode(message), "700"); }
    bool row(const char* e, const char* a = "n", const char* d = "n", const char* c = "n") {
        return take(bytes::insert(10, {"t1", e, a, d, c}));
    }

    cdc::postgres::pgoutput::Decoder decoder;
    UnknownLabels labels;
};

using Renamed = std::map<std::uint32_t, std::vector<std::string>>;

} // namespace

TEST_CASE("labels that a look has shown are not noted") {
    Stream stream;
    stream.labels.learn(facts({"sad", "b \"c"}));
    CHECK_FALSE(stream.row("tsad", "t{sad,NULL,\"b \\\"c\"}", "tsad", "t(other,1)"));
    CHECK_FALSE(stream.take(bytes::update(10, {"t1", "u", "t[0:1]={{sad},{sad}}", "n", "n"})));
    CHECK(stream.labels.empty());
}

TEST_CASE("a label that came with a row and is not in the next look was renamed") {
    for (const auto& [e, a, d] : {std::tuple{"tnew", "n", "n"}, std::tuple{"n", "t{sad,new}", "n"},
                                  std::tuple{"n", "n", "tnew"}}) {
        Stream stream;
        stream.labels.learn(facts({"sad"}));
        CHECK(stream.row(e, a, d));
        CHECK_FALSE(stream.row(e, a, d)); // it is noted
        CHECK(stream.labels.settle(look({"sad", "newer"})) == Renamed{{10, {"new"}}});
        CHECK(stream.labels.empty());
    }
}

TEST_CASE("a label that the next look shows was added") {
    Stream stream;
    stream.labels.learn(facts({"sad"}));
    CHECK(stream.row("tnew"));
    CHECK(stream.labels.settle(look({"sad", "new"})).empty());
    CHECK(stream.labels.empty());
}

TEST_CASE("what the look could not see waits for the next one, in a checkpoint too") {
    Stream stream;
    stream.labels.learn(facts({"sad"}));
    CHECK(stream.row("tnew"));
    CHECK(stream.labels.settle(look({"sad"}, "700")).empty());
    UnknownLabels later{kAll, kNoEdits};
    later.restore(stream.labels.json());
    CHECK(later.settle(look({"sad", "newer"})) == Renamed{{10, {"new"}}});
}

TEST_CASE("before any look a type may be an enum or another one") {
    Stream stream;
    CHECK(stream.row("tnew", "t{old}", "tsad", "t(other,1)"));
    CHECK(stream.row("t{sad}"));
    stream.labels.learn(facts({"sad"})); // a composite has no labels, a scalar no elements
    const auto renamed = stream.labels.settle(look({"sad"}));
    REQUIRE(renamed.count(10) == 1);
    CHECK(renamed.at(10) == std::vector<std::string>{"new", "{sad}", "old"});
}

TEST_CASE("a masked column has no labels") {
    const ColumnEdits edits{{}, {"public.t.e=fixed:x"}, ""};
    Stream stream{edits};
    stream.labels.learn(facts({"sad"}));
    CHECK_FALSE(stream.row("tnew"));
}
