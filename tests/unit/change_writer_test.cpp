#include "base/version.hpp"
#include "event/change_writer.hpp"
#include "support.hpp"

using namespace cdc::event;

namespace {

struct Fixture {
    ChangeWriter writer{{"mysql", "shop", true}};
    std::string out;

    Fixture() { writer.set_time(9); }
    void change(ChangeCounts::Table* table) {
        const std::uint64_t index = writer.take_indexes(1);
        writer.begin_lines(out);
        append_images(out, append_null, append_null);
        out += R"(,"source":{"at":1)";
        writer.append_order(out, index);
        writer.end_change(out, 'c', table);
    }
    std::string taken() { return std::exchange(out, {}); }
};

} // namespace

TEST_CASE("a transaction has its lines around the changes, and counts them by table") {
    Fixture f;
    ChangeCounts::Table* const users = f.writer.changes_by_table().of("db", "users");
    ChangeCounts::Table* const orders = f.writer.changes_by_table().of("db", "orders");
    f.writer.begin_transaction(Order::make(1, 2, 0), 7, "a\"1");
    f.change(users);
    CHECK(f.taken() ==
          R"({"transaction":{"status":"BEGIN","id":"a\"1","event_count":null,)"
          R"("data_collections":null,"ts_ms":7},"ts_ms":9})"
          "\n"
          R"({"key":null,"before":null,"after":null,"source":{"at":1,)"
          R"("order":"00010000000000000002000000000001"},"op":"c","transaction":{"id":"a\"1",)"
          R"("total_order":1,"data_collection_order":1},"ts_ms":9})"
          "\n");
    f.change(orders);
    f.change(users);
    CHECK(f.taken().find(R"("order":"00010000000000000002000000000003"},"op":"c",)"
                         R"("transaction":{"id":"a\"1","total_order":3,)"
                         R"("data_collection_order":2})") != std::string::npos);
    f.change(nullptr);
    CHECK(f.taken().find(R"("total_order":4,"data_collection_order":null})") != std::string::npos);
    f.writer.end_transaction(f.out);
    CHECK(f.taken() == R"({"transaction":{"status":"END","id":"a\"1","event_count":4,)"
                       R"("data_collections":[{"data_collection":"db.users","event_count":2},)"
                       R"({"data_collection":"db.orders","event_count":1}],"ts_ms":7},"ts_ms":9})"
                       "\n");
    CHECK(f.writer.changes() == 4);
    CHECK(users->second == 2);
}

TEST_CASE("a transaction without changes has no lines, and indexes begin at 1 in each") {
    Fixture f;
    f.writer.begin_transaction(Order::make(1, 2, 0), 7, "1");
    f.writer.take_indexes(2);
    f.writer.end_transaction(f.out);
    CHECK(f.out.empty());
    f.writer.begin_transaction(Order::make(1, 3, 0), 7, "2");
    CHECK(f.writer.next_index() == 1);
    f.change(f.writer.changes_by_table().of("db", "users"));
    f.taken();
    f.writer.end_transaction(f.out);
    CHECK(f.out.find(R"("id":"2","event_count":1)") != std::string::npos);
}

TEST_CASE("a change outside a transaction belongs to none") {
    Fixture f;
    f.writer.begin_transaction(Order::make(1, 2, 0), 7, "1");
    f.writer.end_transaction(f.out);
    append_images(f.out, append_null, append_null);
    f.out += R"(,"source":{"at":1)";
    f.writer.end_change(f.out, 'm', nullptr);
    CHECK(f.out == R"({"key":null,"before":null,"after":null,"source":{"at":1},"op":"m","ts_ms":9})"
                   "\n");
}

TEST_CASE("lines about a table stand where a change does") {
    Fixture f;
    f.writer.begin_transaction(Order::make(1, 2, 0), 7, "1");
    CHECK(f.writer.table_source(R"("db":"d","table":"t")", f.writer.next_index()) ==
          R"({"version":")" + std::string{cdc::base::version()} +
              R"(","connector":"mysql","name":"shop","ts_ms":7,"snapshot":"false",)"
              R"("db":"d","table":"t","order":"00010000000000000002000000000001"})");
    f.writer.append_stale_mark(f.out, "why", "{}");
    CHECK(f.writer.marks() == 1);
}
