#include "clickhouse/http.hpp"
#include "clickhouse/retry.hpp"

#include "io/backoff.hpp"
#include "support.hpp"

using namespace cdc::clickhouse;

TEST_CASE("a URL is taken apart, and shown without its password") {
    const HttpUrl plain = parse_http_url("http://ch.example");
    CHECK(plain.user == "default");
    CHECK(plain.port == 8123);
    CHECK(plain.database == "default");
    CHECK(parse_http_url("https://ch.example/").port == 8443);

    const HttpUrl full = parse_http_url("https://al%40ice:p%3Aw%2Fd@[::1]:9440/shop%20db/");
    CHECK(full.scheme == "https");
    CHECK(full.user == "al@ice");
    CHECK(full.password == "p:w/d");
    CHECK(full.host == "[::1]");
    CHECK(full.port == 9440);
    CHECK(full.database == "shop db");
    CHECK(full.shown() == "https://al@ice@[::1]:9440/shop db");
}

TEST_CASE("the parts of a URL are taken as they stand") {
    CHECK(parse_http_url("http://[fe80::1%25eth0]:8123").host == "[fe80::1%25eth0]");
    CHECK(parse_http_url("http://h/..").database == "..");
    CHECK(parse_http_url("http://u:@h/d").password.empty());
    CHECK(parse_http_url("http://u;x:p;y@h").password == "p;y");
    CHECK(parse_http_url("http://h/a%2Fb").database == "a/b");
}

TEST_CASE("files with password and certificates are named in the URL") {
    const HttpUrl url = parse_http_url(
        "https://ann@ch.example/db?passfile=/a%20b&sslrootcert=ca&sslcert=c&sslkey=k");
    CHECK(url.database == "db");
    CHECK(url.passfile == "/a b");
    CHECK(url.sslrootcert == "ca");
    CHECK(url.sslcert == "c");
    CHECK(url.sslkey == "k");
    CHECK(url.shown() == "https://ann@ch.example:8443/db");
    CHECK(parse_http_url("http://ch.example?passfile=p").passfile == "p");
}

TEST_CASE("a broken URL is wrong usage, and its password stays unsaid") {
    for (const char* url :
         {"", "ch.example", "ftp://u:secret@h/d", "http://", "http://u:secret@/d",
          "http://u:secret@h:0", "http://u:secret@h:port", "http://u:secret@h:70000",
          "http://u:secret@h/a/b", "http://u:secret@h/d?x=1", "https://u:secret@h?sslcert=a",
          "https://u:secret@h?passfile=", "http://u:secret@h?sslrootcert=a", "http://u:secret@h/#a",
          "http://u:secret@t@h/d", "http://u:secret%00@h/d"}) {
        CHECK_FAILS(parse_http_url(url), usage, "--target");
        try {
            parse_http_url(url);
        } catch (const cdc::base::Error& error) {
            CHECK(std::string{error.what()}.find("secret") == std::string::npos);
        }
    }
}

TEST_CASE("errors are waited for, halved or final by their number") {
    for (const int code : {159, 160, 202, 203, 209, 210, 242, 243, 252, 319, 999}) {
        CHECK(classify(code, 500) == ErrorClass::transient);
    }
    CHECK(classify(241, 500) == ErrorClass::too_large);
    for (const int code : {16, 47, 53, 60, 62, 81, 164, 192, 193, 194, 497, 516}) {
        CHECK(classify(code, 500) == ErrorClass::refused);
    }
    for (const int code : {6, 38, 41, 69, 72, 117, 321, 349, 395, 407, 469, 691}) {
        CHECK(is_row_fault(code));
        CHECK(classify(code, 500) == ErrorClass::refused);
    }
    for (const int code : {0, 3, 33, 53, 60, 159, 164, 209, 210, 241, 242, 243, 252, 319, 497}) {
        CHECK_FALSE(is_row_fault(code));
    }
    CHECK(classify(0, 502) == ErrorClass::transient);
    CHECK(classify(0, 503) == ErrorClass::transient);
    CHECK(classify(0, 429) == ErrorClass::transient);
    CHECK(classify(0, 404) == ErrorClass::refused);
    CHECK(classify(0, 0) == ErrorClass::transient);
}

TEST_CASE("the server's words keep their number and their first line") {
    CHECK(exception_code("Code: 252. DB::Exception: Too many parts") == 252);
    CHECK(exception_code("nothing") == 0);
    const ServerError error =
        server_error("cannot insert", "Code: 516. DB::Exception: no\nmore", 516, 403);
    CHECK(std::string{error.what()} == "cannot insert: Code: 516. DB::Exception: no");
    CHECK(error.code() == cdc::base::ExitCode::refused);
    CHECK_FALSE(error.transient());
    CHECK(error.hint().find("passfile") != std::string::npos);
    CHECK(server_error("x", "y", 252, 500).code() == cdc::base::ExitCode::failed);
}

TEST_CASE("pauses grow to 30 s and start again") {
    cdc::io::Backoff backoff;
    std::int64_t last = 0;
    for (int i = 0; i < 12; ++i) {
        last = backoff.next_ms();
        CHECK(last <= 30'000);
    }
    CHECK(last > 20'000);
    backoff.reset();
    CHECK(backoff.next_ms() <= 100);
}

TEST_CASE("a request is repeated while the error is transient, and no longer than allowed") {
    RetryPolicy policy;
    int calls = 0;
    with_retry(policy, [&] {
        if (++calls < 3) {
            throw server_error("x", "Code: 252", 252, 500);
        }
    });
    CHECK(calls == 3);
    CHECK_FAILS(with_retry(policy, [] { throw server_error("x", "Code: 62", 62, 400); }), refused,
                "62");
    policy.limit_ms = 0;
    CHECK_FAILS(with_retry(policy, [] { throw server_error("x", "Code: 252", 252, 500); }), failed,
                "252");
    policy.limit_ms = -1;
    policy.unreached_ms = 0;
    calls = 0;
    with_retry(policy, [&] { // a server that answers, whatever it says, was reached
        if (++calls < 2) {
            throw server_error("x", "Code: 252", 252, 500);
        }
    });
    CHECK(calls == 2);
    CHECK_FAILS(with_retry(policy, [] { throw server_error("x", "refused", 0, 0); }), failed,
                "refused");
}

TEST_CASE("tab separated answers are unescaped") {
    const auto rows = parse_tsv("a\\tb\tc\n\\N\t\\\\\n");
    REQUIRE(rows.size() == 2);
    CHECK(rows[0] == std::vector<std::string>{"a\tb", "c"});
    CHECK(rows[1] == std::vector<std::string>{"", "\\"});
}
