#include "mysql/read_rights.hpp"

#include <doctest/doctest.h>

using cdc::mysql::ReadRights;

namespace {

ReadRights rights_of(std::initializer_list<const char*> grants) {
    ReadRights out;
    for (const char* grant : grants) {
        out.add(grant);
    }
    return out;
}

} // namespace

TEST_CASE("what a user may read, by SHOW GRANTS") {
    CHECK(rights_of({"GRANT REPLICATION SLAVE ON *.* TO `a`@`%`", "GRANT `cdc`@`%` TO `a`@`%`",
                     "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`",
                     "GRANT INSERT ON `shop`.* TO `a`@`%`"})
              .none());
    CHECK(rights_of({"GRANT RELOAD, SELECT ON *.* TO `a`@`%`"}).reads_all("shop"));
    CHECK(
        rights_of({"GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION"}).reads_all("shop"));

    const auto revoked =
        rights_of({"GRANT SELECT ON *.* TO `a`@`%`", "REVOKE SELECT ON `shop`.* FROM `a`@`%`"});
    CHECK_FALSE(revoked.reads_all("shop"));
    CHECK(revoked.reads_all("other"));

    const auto databases = rights_of(
        {"GRANT SELECT ON `sh\\_p`.* TO `a`@`%`", "GRANT SELECT ON `of_%x`.* TO `a`@`%`"});
    CHECK(databases.reads_all("sh_p"));
    CHECK_FALSE(databases.reads_all("shop"));
    CHECK(databases.reads_all("off-x"));
    CHECK_FALSE(databases.reads_all("of-y"));

    const auto parts = rights_of({"GRANT SELECT, UPDATE (`v`) ON `shop`.`a ON ``b` TO `a`@`%`",
                                  "GRANT SELECT (`id`, `v`), INSERT ON `shop`.`c` TO `a`@`%`"});
    CHECK_FALSE(parts.none());
    CHECK_FALSE(parts.reads_all("shop"));
    CHECK(parts.reads_all("shop", "a ON `b"));
    CHECK_FALSE(parts.reads_all("shop", "c"));
}
