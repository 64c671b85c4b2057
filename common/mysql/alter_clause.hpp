#ifndef CDC_MYSQL_ALTER_CLAUSE_HPP
#define CDC_MYSQL_ALTER_CLAUSE_HPP

#include "mysql/statement.hpp"

#include <vector>

namespace cdc::mysql {

/// One clause of ALTER TABLE, without the comma behind it: what it does is added to `out`. False:
/// it is not understood.
bool read_alter_clause(const std::vector<const Token*>& clause, Statement& out);

} // namespace cdc::mysql

#endif
