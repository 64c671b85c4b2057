#ifndef CDC_POSTGRES_PREFLIGHT_PARTS_HPP
#define CDC_POSTGRES_PREFLIGHT_PARTS_HPP

#include "postgres/preflight.hpp"
#include "postgres/slot.hpp"

#include <optional>
#include <vector>

/// The parts of preflight(); only its own files include this.
namespace cdc::postgres {

using Findings = std::vector<Finding>;

/// At most kMaxTablesNamed findings, then how many more there are.
class TableFindings {
public:
    TableFindings(Findings& findings, Finding::Level level)
        : m_findings{&findings}, m_level{level} {}
    void add(std::string text, std::string remedy);
    void end();

private:
    static constexpr std::size_t kMaxTablesNamed = 20;
    Findings* m_findings;
    Finding::Level m_level;
    std::size_t m_count = 0;
};

void look_at_tables(Connection& plain, const PreflightQuestion& question,
                    const std::optional<PublicationState>& publication, Findings& findings);

/// Column lists and row filters of the publication, where it is there. `partial`: of a list that
/// has a part of the identity, which the stream refuses.
void look_at_lists(Connection& plain, const std::string& publication,
                   const event::TableFilter& filter, Finding::Level level, Finding::Level partial,
                   Findings& findings);

/// `slot`: what there is of that name.
void look_at_publication(Connection& plain, const PreflightQuestion& question,
                         const std::optional<PublicationState>& publication,
                         const std::optional<SlotState>& slot, Findings& findings);

} // namespace cdc::postgres

#endif
