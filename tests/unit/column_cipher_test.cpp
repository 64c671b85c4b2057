#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/aes_gcm.hpp"
#include "event/column_cipher.hpp"
#include "event/column_edits.hpp"

#include <doctest/doctest.h>

using cdc::base::Error;
using cdc::base::ExitCode;
using cdc::event::ColumnCipher;
using cdc::event::decrypt_values;
using cdc::event::gcm_opened;
using cdc::event::gcm_sealed;

namespace {

const ColumnCipher kOne{"0123456789abcdef0123456789abcdef"};
const ColumnCipher kOther{"another-key-of-32-bytes-and-more"};

std::string encrypted(const ColumnCipher& cipher, std::string_view text,
                      ColumnCipher::Form form = ColumnCipher::Form::siv) {
    std::string out;
    cipher.append_encrypted(out, text, form);
    return out;
}

std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
    }
    return bytes;
}

std::string hex(std::string_view bytes) {
    std::string digits;
    for (const char byte : bytes) {
        cdc::base::append_hex(digits, static_cast<unsigned char>(byte), 2);
    }
    return digits;
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

// McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", test cases 13 to 15.
TEST_CASE("AES-256-GCM of the published test vectors") {
    const auto sealed = [](std::string_view key, std::string_view nonce, std::string_view text) {
        return hex(gcm_sealed(unhex(key), unhex(nonce), unhex(text)));
    };
    const std::string zero_key(64, '0');
    const std::string zero_nonce(24, '0');
    CHECK(sealed(zero_key, zero_nonce, "") == "530f8afbc74536b9a963b4f1c4cb738b");
    CHECK(sealed(zero_key, zero_nonce, std::string(32, '0')) ==
          "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    const std::string key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    const std::string nonce = "cafebabefacedbaddecaf888";
    const std::string text = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    const std::string wanted = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                               "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
                               "b094dac5d93471bdec1a502270e3cc6c";
    CHECK(sealed(key, nonce, text) == wanted);
    CHECK(hex(gcm_opened(unhex(key), unhex(nonce), unhex(wanted)).value()) == text);
    for (std::size_t i = 0; i < wanted.size() / 2; ++i) {
        std::string altered = unhex(wanted);
        altered[i] = static_cast<char>(altered[i] ^ 1);
        CHECK_FALSE(gcm_opened(unhex(key), unhex(nonce), altered).has_value());
        CHECK_FALSE(gcm_opened(unhex(key), unhex(nonce), unhex(wanted).substr(0, i)).has_value());
    }
    CHECK_THROWS_AS(gcm_sealed(unhex(key), "short", "x"), Error);
}

TEST_CASE("values of GCM are others each time, and say what they are") {
    for (const std::string_view text : {"", "a", "secret \"1\" é", "gcm1:00000000:x"}) {
        const std::string value = encrypted(kOne, text, ColumnCipher::Form::gcm);
        CHECK(value.rfind("gcm1:" + kOne.key_id() + ":", 0) == 0);
        CHECK(value != encrypted(kOne, text, ColumnCipher::Form::gcm));
        CHECK(decrypted(kOne, value) == text);
        CHECK_THROWS_AS(decrypted(kOther, value), Error);
        CHECK_THROWS_AS(decrypted(kOne, "siv1" + value.substr(4)), Error);
    }
    std::string value = encrypted(kOne, "secret", ColumnCipher::Form::gcm);
    value[value.size() - 8] = value[value.size() - 8] == 'A' ? 'B' : 'A';
    CHECK_THROWS_AS(decrypted(kOne, value), Error);
    CHECK_THROWS_AS(decrypted(kOne, "gcm1:" + kOne.key_id() + ":"), Error);
    CHECK_THROWS_AS(decrypted(kOne, "gcm1:" + kOne.key_id() + ":AAAA"), Error);
    std::string lines = "{\"t\":\"11:1:\",\"a\":\"" +
                        encrypted(kOne, "x", ColumnCipher::Form::gcm) + "\",\"b\":\"" +
                        encrypted(kOne, "y") + "\",\"c\":\"gcm1:\"}\n";
    decrypt_values(lines, 0, {kOther, kOne});
    CHECK(lines == "{\"t\":\"11:1:\",\"a\":\"x\",\"b\":\"y\",\"c\":\"gcm1:\"}\n");
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
