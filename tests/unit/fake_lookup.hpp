#ifndef CDC_TESTS_UNIT_FAKE_LOOKUP_HPP
#define CDC_TESTS_UNIT_FAKE_LOOKUP_HPP

#include "postgres/relation.hpp"

#include <algorithm>
#include <string>
#include <vector>

/// A source that knows as much as the stream does, whose primary keys are columns named "id", and
/// which has what fetch() is told here.
class FakeLookup : public cdc::postgres::SourceLookup {
public:
    std::vector<cdc::postgres::FetchedValue> fetched; ///< what fetch() answers, repeated
    std::vector<std::string> fetches;                 ///< "schema.table key=text: columns"
    std::optional<cdc::postgres::NameNow> name;       ///< what name_of() answers
    int described = 0;
    std::vector<std::string> ambiguous; ///< columns that may be other ones
    bool keys_known = true;
    std::uint32_t shown = 0; ///< the transaction that answers must show

    void must_show(std::uint32_t xid) override { shown = xid; }
    void passed(const std::shared_ptr<const cdc::postgres::FactsLook>&,
                const cdc::postgres::LookMoment*) override {}

    std::vector<cdc::postgres::ColumnFacts>
    describe(const cdc::postgres::pgoutput::Relation& relation) override {
        ++described;
        std::vector<cdc::postgres::ColumnFacts> facts;
        for (const auto& column : relation.columns) {
            cdc::postgres::ColumnFacts fact;
            fact.column.name = column.name;
            // Ids of user types differ from recording to recording.
            fact.column.type =
                column.type < 16384 ? "type " + std::to_string(column.type) : "user type";
            fact.codec = cdc::postgres::value_kind(column.type);
            fact.in_primary_key = keys_known && column.name == "id";
            fact.ambiguous =
                std::find(ambiguous.begin(), ambiguous.end(), column.name) != ambiguous.end();
            facts.push_back(std::move(fact));
        }
        return facts;
    }

    std::optional<cdc::postgres::NameNow> name_of(std::uint32_t) override { return name; }

    std::vector<cdc::postgres::FetchedValue>
    fetch(std::uint32_t table, const std::vector<Condition>& key,
          const std::vector<std::string_view>& columns) override {
        std::string text = std::to_string(table);
        for (const Condition& condition : key) {
            text += " " + std::string{condition.column} + "=" + std::string{condition.text};
        }
        text += ":";
        for (const std::string_view column : columns) {
            text += " " + std::string{column};
        }
        fetches.push_back(text);
        std::vector<cdc::postgres::FetchedValue> values;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            values.push_back(fetched.empty() ? cdc::postgres::FetchedValue{}
                                             : fetched[i % fetched.size()]);
        }
        return values;
    }
};

#endif
