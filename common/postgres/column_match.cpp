#include "postgres/column_match.hpp"

#include <string_view>
#include <unordered_set>

namespace cdc::postgres {

namespace {

/// grid[i][j]: of sent column i and row j.
using Grid = std::vector<std::vector<bool>>;

bool is_same(const pgoutput::RelationColumn& sent, const CatalogColumn& row) {
    return row.name == sent.name && row.type == sent.type;
}

bool fits(const pgoutput::RelationColumn& sent, const std::string& layout,
          const CatalogColumn& row) {
    if (row.certain) {
        return is_same(sent, row);
    }
    if (row.name.empty()) {
        return row.layout == layout;
    }
    return row.name == sent.name || row.type == sent.type;
}

/// The same where the type may be another one by now, too.
bool fits_retyped(const pgoutput::RelationColumn& sent, const std::string& layout,
                  const CatalogColumn& row) {
    return fits(sent, layout, row) || (!row.certain && !row.name.empty());
}

/// Whether the stream may have left the row out between columns that it sent: dropped by then, not
/// in the publication's list, or generated.
std::vector<bool> absent_ones(const std::vector<pgoutput::RelationColumn>& sent,
                              const std::vector<CatalogColumn>& rows) {
    std::unordered_set<std::string_view> names;
    for (const pgoutput::RelationColumn& column : sent) {
        names.insert(column.name);
    }
    std::vector<bool> absent;
    for (const CatalogColumn& row : rows) {
        absent.push_back(row.name.empty() || names.count(row.name) == 0);
    }
    return absent;
}

/// Which of the rows that fit may be which column, for all columns have their places.
Grid placed(const Grid& fit, const std::vector<bool>& absent,
            const std::vector<CatalogColumn>& rows) {
    const std::size_t n = fit.size();
    const std::size_t m = rows.size();
    // The first i columns can be the first j rows, some rows left out; and those behind.
    Grid before(n + 1, std::vector<bool>(m + 1));
    Grid after(n + 1, std::vector<bool>(m + 1));
    before[0][0] = true;
    for (std::size_t i = 0; i <= n; ++i) {
        for (std::size_t j = 1; j <= m; ++j) {
            before[i][j] = (before[i][j - 1] && absent[j - 1]) ||
                           (i > 0 && before[i - 1][j - 1] && fit[i - 1][j - 1]);
        }
    }
    // Rows behind the last sent column may be younger than the change.
    after[n][m] = true;
    for (std::size_t j = m; j-- > 0;) {
        after[n][j] = after[n][j + 1] && (!rows[j].certain || absent[j]);
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t j = m; j-- > 0;) {
            after[i][j] = (after[i][j + 1] && absent[j]) || (after[i + 1][j + 1] && fit[i][j]);
        }
    }
    Grid out(n, std::vector<bool>(m));
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < m; ++j) {
            out[i][j] = before[i][j] && fit[i][j] && after[i + 1][j + 1];
        }
    }
    return out;
}

} // namespace

std::vector<ColumnMatch> match_columns(const std::vector<pgoutput::RelationColumn>& sent,
                                       const std::vector<std::string>& layouts,
                                       const std::vector<CatalogColumn>& rows) {
    const std::size_t n = sent.size();
    const std::size_t m = rows.size();
    const std::vector<bool> absent = absent_ones(sent, rows);
    Grid fit(n, std::vector<bool>(m));
    Grid retyped(n, std::vector<bool>(m));
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < m; ++j) {
            fit[i][j] = fits(sent[i], layouts[i], rows[j]);
            retyped[i][j] = fits_retyped(sent[i], layouts[i], rows[j]);
        }
    }
    const Grid same_type = placed(fit, absent, rows);
    const Grid any_type = placed(retyped, absent, rows);
    std::vector<ColumnMatch> matches(n);
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t possible = 0;
        for (std::size_t j = 0; j < m; ++j) {
            if (any_type[i][j] && !rows[j].name.empty() && rows[j].name != sent[i].name) {
                matches[i].renamed.push_back(j);
            }
            if (!same_type[i][j]) {
                continue;
            }
            ++possible;
            if (possible == 1 || is_same(sent[i], rows[j])) {
                matches[i].row = j;
            }
        }
        matches[i].certain = possible == 1;
        matches[i].several = possible > 1;
        if (possible > 1 && !is_same(sent[i], rows[*matches[i].row])) {
            matches[i].row.reset();
        }
    }
    return matches;
}

} // namespace cdc::postgres
