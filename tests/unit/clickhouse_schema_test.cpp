#include "clickhouse/identifier.hpp"
#include "clickhouse/schema.hpp"

#include "support.hpp"

using namespace cdc::clickhouse;
using cdc::event::Column;

namespace {

Column column(std::string name, std::string type, bool nullable = true, int key = 0) {
    Column result;
    result.name = std::move(name);
    result.type = std::move(type);
    result.nullable = nullable;
    result.key = key;
    return result;
}

Column decimal(std::string name, int precision, int scale) {
    Column result = column(std::move(name), "numeric(" + std::to_string(precision) + "," +
                                                std::to_string(scale) + ")");
    result.precision = precision;
    result.scale = scale;
    return result;
}

std::string mapped(const Column& source, std::string_view connector = "postgresql") {
    return type_text(map_column(connector, source).type);
}

const std::vector<Column> kOrders = {column("id", "integer", false, 1), decimal("price", 10, 2)};
const std::vector<ExistingColumn> kStored = {{"id", "Int32"},
                                             {"price", "Nullable(Decimal(10, 2))"},
                                             {"_version", "UInt128"},
                                             {"_deleted", "UInt8"}};

} // namespace

TEST_CASE("PostgreSQL types have their column types") {
    const std::pair<const char*, const char*> cases[] = {
        {"smallint", "Int16"},
        {"integer", "Int32"},
        {"bigint", "Int64"},
        {"oid", "UInt32"},
        {"boolean", "Bool"},
        {"real", "Float32"},
        {"double precision", "Float64"},
        {"numeric", "String"},
        {"money", "String"},
        {"date", "Date32"},
        {"timestamp without time zone", "DateTime64(6, 'UTC')"},
        {"timestamp(3) without time zone", "DateTime64(3, 'UTC')"},
        {"timestamp(0) with time zone", "DateTime64(0, 'UTC')"},
        {"uuid", "UUID"},
        {"bytea", "String"},
        {"time without time zone", "String"},
        {"interval", "String"},
        {"jsonb", "String"},
        {"character varying(50)", "String"},
        {"integer[]", "String"},
        {"point", "String"},
        {"never seen", "String"},
    };
    for (const auto& [source, target] : cases) {
        CHECK(mapped(column("c", source, false)) == target);
        CHECK(mapped(column("c", source)) == "Nullable(" + std::string{target} + ")");
        CHECK(mapped(column("c", source, true, 1)) == target);
    }
    CHECK(mapped(decimal("c", 76, 38)) == "Nullable(Decimal(76, 38))");
    CHECK(mapped(decimal("c", 77, 0)) == "Nullable(String)");
    CHECK(mapped(decimal("c", 3, -2)) == "Nullable(Decimal(5, 0))");
    CHECK(mapped(decimal("c", 2, 5)) == "Nullable(Decimal(5, 5))");
    Column mood = column("c", "mood");
    mood.labels = {"sad", "ok"};
    CHECK(mapped(mood) == "LowCardinality(Nullable(String))");
    CHECK(map_column("postgresql", column("c", "bytea")).base64);
    CHECK(map_column("postgresql", column("c", "text")).only_strings);
    CHECK_FALSE(map_column("postgresql", column("c", "integer[]")).only_strings);
    CHECK(mapped(column("c", "bigint unsigned", false), "mysql") == "UInt64");
    CHECK(mapped(column("c", "datetime", false), "mysql") == "DateTime64(0, 'UTC')");
    CHECK(mapped(column("c", "varchar(20)", false), "mysql") == "String");
}

TEST_CASE("type texts are read back") {
    for (const char* text : {"Bool", "Int8", "UInt64", "Float32", "String", "UUID", "Date32",
                             "Decimal(12, 2)", "DateTime64(6, 'UTC')", "Nullable(Decimal(76, 0))",
                             "LowCardinality(String)", "LowCardinality(Nullable(String))",
                             "Array(Nullable(Int32))", "Array(Nullable(DateTime64(6, 'UTC')))"}) {
        const auto type = parse_type(text);
        REQUIRE_MESSAGE(type, text);
        CHECK(type_text(*type) == text);
    }
    for (const char* text :
         {"Array(Array(String))", "DateTime", "DateTime64(6)", "Decimal", "Int128",
          "LowCardinality(Int32)", "", "Nullable(", "DateTime64(6, 'Asia/Tokyo')"}) {
        CHECK_FALSE_MESSAGE(parse_type(text), text);
    }
}

TEST_CASE("a column keeps what it can hold, and widens where nothing is lost") {
    const auto type = [](const char* text) {
        return *parse_type(text);
    };
    CHECK(holds(type("Int64"), type("Int32")));
    CHECK(holds(type("Int64"), type("UInt32")));
    CHECK_FALSE(holds(type("UInt64"), type("Int32")));
    CHECK_FALSE(holds(type("Int32"), type("Nullable(Int32)")));
    CHECK(holds(type("Nullable(Int32)"), type("Int32")));
    CHECK(holds(type("Decimal(12, 3)"), type("Decimal(10, 2)")));
    CHECK_FALSE(holds(type("Decimal(12, 4)"), type("Decimal(12, 2)")));
    CHECK(holds(type("String"), type("Int32")));
    CHECK(widens(type("Int16"), type("Int64")));
    CHECK(widens(type("Int16"), type("Nullable(Int16)")));
    CHECK(widens(type("Int32"), type("String")));
    CHECK_FALSE(widens(type("Float64"), type("String")));
    CHECK_FALSE(widens(type("String"), type("Int32")));
    CHECK_FALSE(widens(type("Bool"), type("Int32")));
    CHECK_FALSE(widens(type("Nullable(Int32)"), type("Int64")));
}

TEST_CASE("a table with key has a raw table and a view over what the barrier leaves") {
    const TargetShape shape = make_shape("postgresql", kOrders);
    CHECK(create_raw_sql("orders", shape) ==
          "CREATE TABLE IF NOT EXISTS `orders_raw`\n(\n    `id` Int32,\n"
          "    `price` Nullable(Decimal(10, 2)),\n    `_version` UInt128,\n    `_deleted` UInt8,\n"
          "    `_source_ts_ms` Int64,\n    `_synced_at` DateTime64(3, 'UTC') DEFAULT now64(3)\n)\n"
          "ENGINE = ReplacingMergeTree(_version, _deleted)\nORDER BY (`id`)");
    CHECK(insert_sql("orders", shape) ==
          "INSERT INTO `orders_raw` (`id`, `price`, _version, _deleted, _source_ts_ms)");
    CHECK(create_view_sql("orders", {"id", "price"}, shape) ==
          "CREATE OR REPLACE VIEW `orders` AS\nSELECT _cdc.`id` AS `id`, _cdc.`price` AS "
          "`price`\nFROM "
          "`orders_raw` AS _cdc FINAL\nWHERE _cdc.`_version` >= ifNull((SELECT max(version) FROM "
          "_cdc_state WHERE scope = 'table' AND name = "
          "'orders' AND item = 'barrier'), 0)");
}

TEST_CASE("the key's own order decides the sorting key and the front of a row") {
    const TargetShape shape =
        make_shape("postgresql", {column("a", "text", false, 2), column("b", "text"),
                                  column("c d", "integer", false, 1)});
    CHECK(create_raw_sql("t", shape).find("ORDER BY (`c d`, `a`)") != std::string::npos);
    CHECK(insert_sql("t", shape) ==
          "INSERT INTO `t_raw` (`c d`, `a`, `b`, _version, _deleted, _source_ts_ms)");
    CHECK(alter_raw("t", const_cast<TargetShape&>(shape),
                    {{"a", "String"}, {"b", "Nullable(String)"}, {"c d", "Int32"}}, "`c d`, a")
              .statements.empty());
}

TEST_CASE("rows are sent with their columns' names and types, so that another shape is refused") {
    const TargetShape shape =
        make_shape("postgresql", {column("a", "text"), column("id", "bigint", false, 1)});
    CHECK(rows_header("t", shape) == "\x05\x02id\x01"
                                     "a\x08_version\x08_deleted\x0d_source_ts_"
                                     "ms\x05Int64\x10Nullable(String)\x07UInt128\x05UInt8"
                                     "\x05Int64");
}

TEST_CASE("a sorting key is understood with and without parentheses") {
    for (const char* sorting_key : {"id", "(id)", "`id`", "(`id`)"}) {
        TargetShape shape = make_shape("postgresql", kOrders);
        CHECK(alter_raw("orders", shape, kStored, sorting_key).statements.empty());
    }
}

TEST_CASE("a table without key has signs") {
    const TargetShape shape = make_shape("postgresql", {column("word", "text", false)});
    CHECK(create_raw_sql("log", shape)
              .find("ENGINE = ReplacingMergeTree\nORDER BY (_version, _row)") != std::string::npos);
    const std::string view = create_view_sql("log", {"word"}, shape);
    CHECK(view.find("sum(_cdc.`_sign`) AS `_cdc times`") != std::string::npos);
    CHECK(view.find("ARRAY JOIN range(toUInt64(_cdc.`_cdc times`))") != std::string::npos);
}

TEST_CASE("constant defaults fill old rows") {
    TargetShape shape = make_shape("postgresql", kOrders);
    auto with_new = kOrders;
    with_new.push_back(column("note", "text", false));
    with_new.back().default_json = R"("it's\\")";
    with_new.push_back(column("made", "timestamp with time zone", false));
    with_new.back().default_json = "\"2025-07-21T10:00:00Z\"";
    with_new.push_back(column("n", "integer", false));
    with_new.back().default_json = "7";
    TargetShape wider = make_shape("postgresql", with_new);
    const Alteration change = alter_raw("orders", wider, kStored, "id");
    REQUIRE(change.statements.size() == 3);
    CHECK(change.statements[0] == "ALTER TABLE `orders_raw` ADD COLUMN IF NOT EXISTS `note` String "
                                  "DEFAULT 'it\\'s\\\\'");
    CHECK(change.statements[1] ==
          "ALTER TABLE `orders_raw` ADD COLUMN IF NOT EXISTS `made` DateTime64(6, 'UTC') DEFAULT "
          "CAST('2025-07-21 10:00:00' AS DateTime64(6, 'UTC'))");
    CHECK(change.statements[2] ==
          "ALTER TABLE `orders_raw` ADD COLUMN IF NOT EXISTS `n` Int32 DEFAULT 7");
    CHECK(change.view_columns == std::vector<std::string>{"id", "price", "note", "made", "n"});
}

TEST_CASE("a default of -0 keeps its sign") {
    auto with_new = kOrders;
    with_new.push_back(column("x", "real", false));
    with_new.back().default_json = "-0";
    with_new.push_back(column("y", "double precision[]", false));
    with_new.back().element = "double precision";
    with_new.back().default_json = "[-0,null,1.5]";
    TargetShape wider = make_shape("postgresql", with_new);
    const Alteration change = alter_raw("orders", wider, kStored, "id");
    REQUIRE(change.statements.size() == 2);
    CHECK(change.statements[0] ==
          "ALTER TABLE `orders_raw` ADD COLUMN IF NOT EXISTS `x` Float32 DEFAULT "
          "CAST('-0' AS Float32)");
    CHECK(change.statements[1] ==
          "ALTER TABLE `orders_raw` ADD COLUMN IF NOT EXISTS `y` Array(Nullable(Float64)) "
          "DEFAULT CAST([CAST('-0' AS Nullable(Float64)), NULL, 1.5] AS Array(Nullable(Float64)))");
}

TEST_CASE("a column grows, and a replay of its old shape leaves it as it is") {
    TargetShape grown = make_shape("postgresql", {kOrders[0], decimal("price", 14, 4)});
    const Alteration change = alter_raw("orders", grown, kStored, "id");
    REQUIRE(change.statements.size() == 1);
    CHECK(change.statements[0] ==
          "ALTER TABLE `orders_raw` MODIFY COLUMN `price` Nullable(Decimal(14, 4))");
    TargetShape old = make_shape("postgresql", kOrders);
    CHECK(alter_raw("orders", old, {{"id", "Int32"}, {"price", "Nullable(Decimal(14, 4))"}}, "id")
              .statements.empty());
    CHECK(type_text(old.columns[1].mapping.type) == "Nullable(Decimal(14, 4))");
    TargetShape strict = make_shape("postgresql", {kOrders[0], kOrders[1]});
    strict.columns[1].mapping.type.nullable = false;
    CHECK(alter_raw("orders", strict, kStored, "id").statements.empty());
    CHECK(alter_raw("orders", strict, kStored, "(id)").statements.empty());
}

TEST_CASE("what ClickHouse cannot change is refused with a way out") {
    TargetShape text = make_shape("postgresql", {kOrders[0], column("price", "boolean")});
    CHECK_FAILS(alter_raw("orders", text, kStored, "id"), refused, "'price'");
    TargetShape key = make_shape("postgresql", {column("id", "bigint", false, 1), kOrders[1]});
    CHECK_FAILS(alter_raw("orders", key, kStored, "id"), refused, "'id'");
    TargetShape other = make_shape("postgresql", {column("id", "integer", false), kOrders[1],
                                                  column("uid", "uuid", false, 1)});
    CHECK_FAILS(alter_raw("orders", other, kStored, "id"), refused, "(uid)");
    Layout own;
    own.deleted = "_cdc_inf";
    CHECK_FAILS(make_shape("postgresql", {column("inf", "text")}, own), refused, "_cdc_inf");
}

TEST_CASE("names are quoted, and templates filled") {
    CHECK(quote_identifier("a`b\\c") == "`a\\`b\\\\c`");
    CHECK(unquote_identifier(quote_identifier("a`b\\c")) == "a`b\\c");
    CHECK(unquote_identifier("`a\\nb\\tc\\'d\\\\e`") == "a\nb\tc'd\\e");
    CHECK(quote_string("it's") == "'it\\'s'");
    cdc::event::Table table;
    table.db = "shop";
    table.schema = "public";
    table.table = "orders";
    const auto name_of = [&](const char* name_template) {
        Layout layout;
        layout.table = name_template;
        return Target{layout, table}.name;
    };
    CHECK(name_of("{table}") == "orders");
    CHECK(name_of("{db}.{schema}_{table}{x}") == "shop.public_orders{x}");
    table.schema.clear();
    CHECK(name_of("{schema}_{table}") == "shop_orders");
}

TEST_CASE("on a cluster rows lie in local tables, and a change of shape reaches both") {
    Layout own;
    own.cluster = "main";
    cdc::event::Table table;
    table.table = "orders";
    const Target target{own, table};
    CHECK(target.stored == "orders_raw_local");
    const TargetShape shape = make_shape("postgresql", {column("id", "bigint", false, 1)}, own);
    CHECK(create_raw_sql(target, shape).find("`orders_raw_local` ON CLUSTER `main`\n") !=
          std::string::npos);
    CHECK(create_distributed_sql(target, shape, "shop") ==
          "CREATE TABLE IF NOT EXISTS `orders_raw` ON CLUSTER `main` AS `orders_raw_local`\n"
          "ENGINE = Distributed('main', 'shop', 'orders_raw_local', cityHash64(`id`))");
    TargetShape wider =
        make_shape("postgresql", {column("id", "bigint", false, 1), column("n", "integer")}, own);
    CHECK(alter_raw(target, wider, {{"id", "Int64"}}, "id").statements ==
          std::vector<std::string>{"ALTER TABLE `orders_raw_local` ON CLUSTER `main` ADD COLUMN IF "
                                   "NOT EXISTS `n` Nullable(Int32)",
                                   "ALTER TABLE `orders_raw` ON CLUSTER `main` ADD COLUMN IF NOT "
                                   "EXISTS `n` Nullable(Int32)"});
    Layout read;
    CHECK(stored_target("orders", layout_json(target), read).stored == "orders_raw_local");
    CHECK(read.cluster == "main");
}

TEST_CASE("a layout comes back from what is kept of it") {
    cdc::event::Table table;
    table.schema = "public";
    table.table = "orders";
    Layout own;
    own.mode = Mode::history;
    own.view = "now_{name}";
    own.version = "a \"version\"";
    own.synced_at = "loaded";
    const Target target{own, table};
    Layout read;
    const Target same = stored_target(target.name, layout_json(target), read);
    CHECK(layout_json(same) == layout_json(target));
    CHECK(same.raw == "orders_history");
    CHECK(same.view == "now_orders");
    CHECK(read.history());
    CHECK(read.is_own("a \"version\""));
    Layout usual;
    CHECK(layout_json(Target{usual, table}).empty());
    CHECK(stored_target("orders", "", usual).raw == "orders_raw");
    CHECK_FAILS(stored_target("orders", "{\"mode\":", usual), bad_data, "orders");
}

TEST_CASE("server versions") {
    CHECK(*parse_server_version("25.3.1.1\n") >= kOldestServer);
    CHECK(*parse_server_version("23.3.1") >= kOldestServer);
    CHECK(*parse_server_version("23.2.9.1") < kOldestServer);
    CHECK(*parse_server_version("18.16.1") < kOldestServer);
    CHECK_FALSE(parse_server_version("hello"));
}
