#ifndef CDC_CAPTURE_POSTGRES_UNKNOWN_LABELS_HPP
#define CDC_CAPTURE_POSTGRES_UNKNOWN_LABELS_HPP

#include "event/column_edits.hpp"
#include "event/table_filter.hpp"
#include "postgres/looks.hpp"
#include "postgres/pgoutput.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdc::capture {

/// Labels of enums with which rows came and that no look has shown. At the next one they are new
/// labels, or they were added and renamed since the look before, and rows of the source have
/// another label now. Of columns of an enum, of a domain over one, of an array of either; not of
/// masked ones. Kept in checkpoints, for the next run.
class UnknownLabels {
public:
    /// Both must outlive this.
    UnknownLabels(const event::TableFilter& filter, const event::ColumnEdits& edits)
        : m_filter{&filter}, m_edits{&edits} {}

    /// What a look shows, whether the stream has passed it or not.
    void learn(const postgres::FactsLook& look);
    /// Of a message inside transaction `xid`. True: a label was noted that was not before. No
    /// allocation for a row whose labels are known.
    bool take(const postgres::pgoutput::Message& message, const std::string& xid);
    /// The stream has passed the look. By table: labels that it does not show, and could have.
    std::map<std::uint32_t, std::vector<std::string>> settle(const postgres::Look& look);

    bool empty() const { return m_tables.empty(); }
    /// Member of a checkpoint.
    nlohmann::ordered_json json() const;
    void restore(const nlohmann::ordered_json& member);

private:
    using Labels = std::set<std::string, std::less<>>;

    /// Of a column's type.
    struct Type {
        bool known = false;             ///< a look has shown it
        bool element = false;           ///< labels are elements of arrays
        const Labels* labels = nullptr; ///< that looks have shown; null: it holds no labels
    };
    struct Column {
        std::size_t place = 0;
        std::uint32_t type = 0;
        const Type* meaning = nullptr;
    };
    struct Label {
        std::uint32_t type = 0; ///< of the column
        bool element = false;
        std::string text;

        auto operator<=>(const Label&) const = default;
    };
    using Noted = std::map<Label, std::string>; ///< and the transaction that it came with first

    void describe(const postgres::pgoutput::Relation& relation);
    bool take_value(std::uint32_t table, const Column& column, std::string_view text,
                    const std::string& xid);
    bool note(std::uint32_t table, const Column& column, bool element, std::string_view text,
              const std::string& xid);

    const event::TableFilter* m_filter;
    const event::ColumnEdits* m_edits;
    std::map<std::uint32_t, Labels> m_labels;                         ///< by enum
    std::map<std::uint32_t, Type> m_types;                            ///< by number
    std::unordered_map<std::uint32_t, std::vector<Column>> m_columns; ///< by table
    std::uint32_t m_last_table = 0;
    const std::vector<Column>* m_last_columns = nullptr;
    std::map<std::uint32_t, Noted> m_tables;
};

/// Member of a checkpoint.
inline constexpr char kUnknownLabelsMember[] = "unknown_labels";

} // namespace cdc::capture

#endif
