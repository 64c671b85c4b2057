#include "clickhouse/schema.hpp"
#include "clickhouse/stored_name.hpp"

#include "support.hpp"

#include <set>

using namespace cdc::clickhouse;

namespace {

Target target_of(const std::string& table, const Layout& layout) {
    return {layout, cdc::event::Table{"shop", "public", table, {}}};
}

} // namespace

TEST_CASE("a column that the engine reads as something else is stored by another name, and back") {
    const Layout layout;
    for (const char* name :
         {"true", "FALSE", "Null", "nan", "inf", "INFINITY", "not", "Top", "cube", "rollup", "_i",
          "_version", "_part", "_cdc_true", "_cdc_", "_", "n.a", ".", "50%.of"}) {
        const std::string stored = stored_column(name, layout);
        CAPTURE(stored);
        CHECK(stored.substr(0, 5) == "_cdc_");
        CHECK(stored.find('.') == std::string::npos);
        CHECK(source_column(stored, layout) == name);
    }
    CHECK(stored_column("n.a%", layout) == "_cdc_n%2Ea%25");
    for (const char* name :
         {"id", "truely", "select", "date", "a b", "n%2Ea", "Ünder", "operation_type"}) {
        CHECK(stored_column(name, layout) == name);
        CHECK(source_column(name, layout) == name);
    }
    Layout history;
    history.mode = Mode::history;
    CHECK(stored_column("operation_type", history) == "_cdc_operation_type");
}

TEST_CASE("columns that an older version stored as they are keep their names") {
    const Layout layout;
    CHECK(source_column("_cdc_id", layout) == "_cdc_id");
    CHECK(source_column("_i", layout) == "_i");
    cdc::event::Column id;
    id.name = "id";
    id.type = "integer";
    id.key = 1;
    id.nullable = false;
    cdc::event::Column flag;
    flag.name = "true";
    flag.type = "boolean";
    cdc::event::Column own;
    own.name = "_version";
    own.type = "text";
    TargetShape shape = make_shape("postgresql", {id, flag, own});
    const auto change = alter_raw("t", shape,
                                  {{"id", "Int32"},
                                   {"true", "Nullable(Bool)"},
                                   {"_version", "UInt128"},
                                   {"_deleted", "UInt8"}},
                                  "id");
    CHECK(shape.columns[1].stored == "true");
    CHECK(shape.columns[2].stored == "_cdc__version");
    CHECK(change.statements ==
          std::vector<std::string>{
              "ALTER TABLE `t_raw` ADD COLUMN IF NOT EXISTS `_cdc__version` Nullable(String)"});
    const std::string view = create_view_sql("t", change.view_columns, shape);
    CHECK(view.find("SELECT _cdc.`id` AS `id`, _cdc.`true` AS `true`, _cdc.`_cdc__version` AS "
                    "`_version`\nFROM\n(\nSELECT") != std::string::npos);
    CHECK(view.find("WHERE _cdc.`_version` >= ") != std::string::npos);
}

TEST_CASE("no two of a target's names are one, whatever the source's tables are called") {
    for (const Mode mode : {Mode::replace, Mode::history}) {
        for (const char* cluster : {"", "main"}) {
            Layout layout;
            layout.mode = mode;
            layout.cluster = cluster;
            std::set<std::string> used{std::string{kStateTable}};
            std::size_t names = 1;
            for (const std::string stem : {"t", "_cdc_state", "a*b", "a%2Ab", "", "T", "é"}) {
                for (const char* end :
                     {"", "_", "__", "_raw", "_raw_", "_raw__", "_pending", "_pending_", "_history",
                      "_raw_raw", "_raw_rebuild", "_raw_local", "_history_local", "_raw_pending"}) {
                    if ((stem + end).empty()) {
                        continue;
                    }
                    const Target target = target_of(stem + end, layout);
                    used.insert({target.raw, target.view, target.pending});
                    names += 3;
                    if (layout.clustered() || !layout.history()) {
                        used.insert(target.raw + (layout.clustered() ? "_local" : "_rebuild"));
                        ++names;
                    }
                    CAPTURE(stem + end);
                    CHECK(used.size() == names);
                }
            }
        }
    }
}

TEST_CASE("characters of globs and paths, and a dot in front, are spelt in tables' names") {
    const Layout layout;
    CHECK(target_of("a*b", layout).view == "a%2Ab");
    CHECK(target_of("{x}?", layout).raw == "%7Bx%7D%3F_raw");
    CHECK(target_of("../x", layout).view == "%2E.%2Fx");
    CHECK(target_of("a\nb", layout).view == "a%0Ab");
    CHECK(target_of("a.b [c] \"d\" `e` \\", layout).view == "a.b [c] \"d\" `e` \\");
    CHECK(target_of("t_raw", layout).view == "t_raw_");
    CHECK(target_of("orders_history", layout).view == "orders_history");
    CHECK(Target::with_plain_names(layout, {"", "s", "a*b", {}}).raw == "a*b_raw");
}

TEST_CASE("names that do not fit into file names are cut, between characters, with a hash") {
    const Layout layout;
    const std::string most(138, 'x');
    CHECK(target_of(most, layout).name == most);
    std::string cyrillic;
    for (int i = 0; i < 64; ++i) {
        cyrillic += "ж";
    }
    const std::string cut = target_of(cyrillic, layout).name;
    CHECK(cut.size() < 100);
    CHECK(cut.substr(0, 44) == cyrillic.substr(0, 44));
    CHECK(cut != target_of(cyrillic + "ж", layout).name);
    CHECK(target_of(std::string(200, 'y') + "_raw", layout).view.size() <= 150);
}

TEST_CASE("the loader's own column is never taken for a source column of its name") {
    const Layout layout;
    CHECK(same_column("_deleted", "_deleted", layout));
    CHECK_FALSE(same_column("_deleted", "_cdc__deleted", layout));
    CHECK(same_column("true", "_cdc_true", layout));
    CHECK_FALSE(same_column("true", "_cdc_inf", layout));
}
