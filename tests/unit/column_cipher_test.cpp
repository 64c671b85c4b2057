#include "base/error.hpp"
#include "event/column_cipher.hpp"
#include "event/column_edits.hpp"

#include <doctest/doctest.h>

using cdc::base::Error;
using cdc::base::ExitCode;
using cdc::event::ColumnCipher;
using cdc::event::decrypt_values;

namespace {

const ColumnCipher kOne{"0123456789abcdef0123456789abcdef"};
const ColumnCipher kOther{"another-key-of-32-bytes-and-more"};

std::string encrypted(const ColumnCipher& cipher, std::string_view text) {
    std::string out;
    cipher.append_encrypted(out, text);
    return out;
}

std::string decrypted(const ColumnCipher& cipher, std::string_view value) {
    std::string out;
    cipher.append_decrypted(out, value);
    return out;
}

} // namespace

TEST_CASE("a value is read by its key, equal texts are equal") {
    for (const std::string_view text : {"", "a", "secret \"1\" é", "siv1:00000000:x"}) {
        const std::string value = encrypted(kOne, text);
        CHECK(value.rfind("siv1:" + kOne.key_id() + ":", 0) == 0);
        CHECK(value == encrypted(kOne, text));
        CHECK(value != encrypted(kOther, text));
        CHECK(decrypted(kOne, value) == text);
    }
    CHECK(encrypted(kOne, "a") != encrypted(kOne, "b"));
    CHECK(decrypted(kOne, encrypted(kOne, std::string(100'000, 'x'))) == std::string(100'000, 'x'));
}

TEST_CASE("a value that was altered is none") {
    std::string value = encrypted(kOne, "secret");
    value[value.size() - 8] = value[value.size() - 8] == 'A' ? 'B' : 'A';
    CHECK_THROWS_AS(decrypted(kOne, value), Error);
    CHECK_THROWS_AS(decrypted(kOne, "siv1:" + kOne.key_id() + ":"), Error);
    CHECK_THROWS_AS(decrypted(kOne, "siv1:" + kOne.key_id() + ":AAAA"), Error);
    CHECK_THROWS_AS(ColumnCipher{"short"}, Error);
}

TEST_CASE("the values of a line are decrypted, those of other keys stay") {
    const std::string one = encrypted(kOne, "say \"hi\"");
    const std::string other = encrypted(kOther, "x");
    std::string lines = "{\"before\":\"" + one + "\"}\n";
    const std::size_t start = lines.size();
    lines += "{\"a\":\"" + one + "\",\"b\":\"" + other + "\",\"c\":\"siv1:\",\"d\":\"\\\"" + one +
             "\",\"e\":\"" + one + "\"}\n";
    const std::string begin = lines.substr(0, start);
    decrypt_values(lines, start, {kOne});
    CHECK(lines == begin + "{\"a\":\"say \\\"hi\\\"\",\"b\":\"" + other +
                       "\",\"c\":\"siv1:\",\"d\":\"\\\"" + one + "\",\"e\":\"say \\\"hi\\\"\"}\n");
}
