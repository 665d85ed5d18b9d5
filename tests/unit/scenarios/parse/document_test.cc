#include "scenarios/parse/document.h"

#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

/// Reads a map whose only key is `port`.
Result<void> read_port(std::string_view text, std::optional<std::uint16_t>& port) {
  return read_document(text, "ports.yaml", [&port](Reading& reading, const Node& root) {
    const MapReader map(reading, root, "file", {"port"});
    map.set(port, "port", kPort);
  });
}

TEST(ReadDocument, GivesTheRootToWhoeverReadsIt) {
  std::optional<std::uint16_t> port;
  ASSERT_TRUE(read_port("port: 8443", port));
  EXPECT_EQ(port, 8443);
}

TEST(ReadDocument, TellsEachMistakeWithItsPlaceOnALineOfItsOwn) {
  std::optional<std::uint16_t> port;
  const auto read = read_port("port: much\nhost: 1\n", port);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().trail,
            "ports.yaml:1:7: 'much' is not a port from 1 to 65535\n"
            "ports.yaml:2:1: unknown key 'host': every key that there is stands here already");
}

TEST(ReadDocument, TellsWhatIsNoYaml) {
  std::optional<std::uint16_t> port;
  const auto read = read_port("port: [1", port);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, std::errc::invalid_argument);
}

}  // namespace
}  // namespace squall::scenarios
