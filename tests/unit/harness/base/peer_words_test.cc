#include "harness/base/peer_words.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(PeerWords, ArePlainTextAsItCame) {
  EXPECT_EQ(in_peers_words("its policy names no zürich", 300), "its policy names no zürich");
}

TEST(PeerWords, CannotMoveATerminalsCursorNorBeginALineOfALog) {
  EXPECT_EQ(in_peers_words("gone\x1b[2J\nerror: \x7f", 300), "gone?[2J?error: ?");
}

TEST(PeerWords, AreCutBetweenCharacters) {
  EXPECT_EQ(in_peers_words("aü", 2), "a");
  EXPECT_EQ(in_peers_words("aü", 3), "aü");
  EXPECT_EQ(in_peers_words("日本", 5), "日");
  EXPECT_EQ(in_peers_words("\x80\x80\x80", 2), "");
}

}  // namespace
}  // namespace squall
