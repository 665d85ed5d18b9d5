#include "generators/transport/tls_sessions.h"

#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

/// A session that can be resumed, as far as OpenSSL can tell: it has an id.
TlsSessions::Session session(int version) {
  TlsSessions::Session made(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(made.get(), version);
  static unsigned char count = 0;
  const std::array<unsigned char, 2> id{1, ++count};
  SSL_SESSION_set1_id(made.get(), id.data(), id.size());
  return made;
}

TEST(TlsSessions, HasNoneOfAServerThatOfferedNone) {
  TlsSessions sessions;
  sessions.add("a", session(TLS1_3_VERSION));
  EXPECT_EQ(sessions.take("b"), nullptr);
}

TEST(TlsSessions, ATicketIsTakenOnceTheYoungestFirst) {
  TlsSessions sessions;
  const SSL_SESSION* old = nullptr;
  const SSL_SESSION* young = nullptr;
  {
    auto first = session(TLS1_3_VERSION);
    auto second = session(TLS1_3_VERSION);
    old = first.get();
    young = second.get();
    sessions.add("a", std::move(first));
    sessions.add("a", std::move(second));
  }
  EXPECT_EQ(sessions.take("a").get(), young);
  EXPECT_EQ(sessions.take("a").get(), old);
  EXPECT_EQ(sessions.take("a"), nullptr);
}

TEST(TlsSessions, ASessionOfTls12ServesAgainUntilThereIsANewOne) {
  TlsSessions sessions;
  auto first = session(TLS1_2_VERSION);
  const SSL_SESSION* const one = first.get();
  sessions.add("a", std::move(first));
  const auto taken = sessions.take("a");
  EXPECT_EQ(taken.get(), one);
  EXPECT_EQ(sessions.take("a").get(), one);
  auto second = session(TLS1_2_VERSION);
  const SSL_SESSION* const other = second.get();
  sessions.add("a", std::move(second));
  EXPECT_EQ(sessions.take("a").get(), other);
}

TEST(TlsSessions, WhatCannotBeResumedIsNotKept) {
  TlsSessions sessions;
  TlsSessions::Session without_id(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(without_id.get(), TLS1_3_VERSION);
  sessions.add("a", std::move(without_id));
  EXPECT_EQ(sessions.take("a"), nullptr);
}

TEST(TlsSessions, KeepsSoManyTicketsAndNoMore) {
  TlsSessions sessions;
  for (std::size_t i = 0; i < TlsSessions::kMostTickets + 10; ++i) {
    sessions.add("a", session(TLS1_3_VERSION));
  }
  std::size_t kept = 0;
  while (sessions.take("a")) ++kept;
  EXPECT_EQ(kept, TlsSessions::kMostTickets);
}

}  // namespace
}  // namespace squall::generators
