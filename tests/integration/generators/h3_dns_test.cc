// The HTTPS record of a real DNS server (dnsmasq) leads connections of `auto` to caddy's HTTP/3.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "generators/http3/quic_dialer.h"
#include "generators/load/auto_dialer.h"

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Dialer;
using generators::Dialled;
using generators::Resolver;

/// dnsmasq on 127.0.0.1, which says that edge.test is here, and `record` of its service.
Result<RealServer> start_dnsmasq(const TemporaryFolder& folder, std::uint16_t port,
                                 const std::string& name, const std::string& record) {
  return RealServer::start(
      {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
       "--bind-interfaces", "--listen-address=127.0.0.1",
       "--user=", "--group=", "--pid-file=", "--port=" + std::to_string(port),
       "--address=/edge.test/127.0.0.1", "--local-ttl=60", "--dns-rr=" + name + ",65," + record},
      port, folder.file("dnsmasq.log"));
}

class Http3DnsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = start_caddy(folder, free_port());
    ASSERT_TRUE(ok(started));
    caddy.emplace(*std::move(started));
  }
  /// A dialer that asks dnsmasq for all that it wants to know of edge.test.
  std::unique_ptr<Dialer> dialer(const std::string& record) {
    const std::uint16_t port = free_port();
    auto started = start_dnsmasq(folder, port,
                                 "_" + std::to_string(caddy->port()) + "._https.edge.test", record);
    EXPECT_TRUE(ok(started));
    if (!started) return nullptr;
    dns.emplace(*std::move(started));
    generators::TlsSpec spec;
    spec.verify = false;
    spec.server_name = "localhost";  // Caddy knows no other.
    auto quic_tls = generators::QuicTls::make(spec, {});
    auto tls = generators::TlsContext::make(spec, {}, {"h2"});
    EXPECT_TRUE(ok(quic_tls) && ok(tls));
    generators::DialOptions options;
    options.timeout = 10s;
    options.resolver = std::make_shared<Resolver>(loop, "127.0.0.1:" + std::to_string(port));
    options.tls = std::make_shared<const generators::TlsContext>(*std::move(tls));
    auto quic = std::make_unique<generators::QuicDialer>(
        loop, options, std::make_shared<const generators::QuicTls>(*std::move(quic_tls)));
    auto ask = generators::ask_by(options.resolver, {});
    auto tcp = std::make_unique<generators::TcpDialer>(loop, std::move(options));
    return std::make_unique<generators::AutoDialer>(loop, std::move(tcp), std::move(quic),
                                                    std::move(ask));
  }
  Dialled connect(Dialer& dialer) {
    std::optional<Dialled> done;
    const generators::Url url{"https", "edge.test", caddy->port(), "/"};
    const auto attempt = dialer.dial(url, [&done](Dialled dialled) { done = std::move(dialled); });
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!done && std::chrono::steady_clock::now() < until) {
      loop.restart();
      loop.run_for(5ms);
    }
    loop.restart();
    loop.run_for(100ms);  // What else was asked for may be answered.
    return done ? *std::move(done) : Dialled{};
  }

  TemporaryFolder folder;
  std::optional<RealServer> caddy;
  std::optional<RealServer> dns;
  asio::io_context loop{1};
};

TEST_F(Http3DnsTest, LaterConnectionsGoOverHttp3AsTheRecordSays) {
  const auto auto_dialer = dialer(
      "000100"
      "0001000302"
      "6833");  // 1 . alpn=h3
  ASSERT_TRUE(auto_dialer);
  const Dialled first = connect(*auto_dialer);
  ASSERT_TRUE(first.is_up()) << first.why;
  EXPECT_TRUE(first.stream) << "nobody waits for the record";
  // It has been answered by the time of one of these, on a machine however busy.
  std::optional<Dialled> over_quic;
  for (int tries = 0; tries < 50 && !over_quic; ++tries) {
    Dialled later = connect(*auto_dialer);
    ASSERT_TRUE(later.is_up()) << later.why;
    if (later.link) over_quic = std::move(later);
  }
  ASSERT_TRUE(over_quic);
  EXPECT_EQ(over_quic->alternative, Dialled::Alternative::kTaken);
  EXPECT_TRUE(over_quic->is_by_record);
}

TEST_F(Http3DnsTest, ARecordThatIsMalformedChangesNothing) {
  const auto auto_dialer = dialer("0001000001000302");
  ASSERT_TRUE(auto_dialer);
  for (int i = 0; i < 3; ++i) {
    const Dialled dialled = connect(*auto_dialer);
    ASSERT_TRUE(dialled.is_up()) << dialled.why;
    EXPECT_TRUE(dialled.stream);
    EXPECT_EQ(dialled.alternative, Dialled::Alternative::kNone);
  }
}

}  // namespace
}  // namespace squall::test
