#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "generators/load/alternatives.h"
#include "generators/transport/dial.h"
#include "harness/runtime/asio.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// Connects as an origin has said it likes best: over TCP, until an answer has named HTTP/3, or an
/// HTTPS record of the DNS, for which it asks beside the first attempt; from
/// then on over QUIC, with TCP half a second behind its first datagram. The first that is up is
/// taken, as browsers do it (RFC 8305); that TCP was, is a fall-back, and is timed: for a while
/// after it, TCP alone is tried, also by attempts whose turn among our handshakes has not come.
/// There is no early data here, because a connection that is up before anything was heard proves
/// nothing.
///
/// Lifecycle:  outlives its attempts.
/// Threads:    all on the shard that runs `loop`.
/// Errors:     in Dialled: those of TCP, where both fail.
class AutoDialer final : public Dialer {
 public:
  static constexpr Duration kHeadStart = std::chrono::milliseconds(500);  ///< Of QUIC.

  /// Asks for an origin's HTTPS records; null: nobody does.
  using AskServices = std::function<void(const Url&, Resolver::ServicesDone)>;

  AutoDialer(asio::io_context& loop, std::unique_ptr<Dialer> tcp, std::unique_ptr<Dialer> quic,
             AskServices ask = nullptr);
  ~AutoDialer() override;
  AutoDialer(const AutoDialer&) = delete;
  AutoDialer& operator=(const AutoDialer&) = delete;
  std::unique_ptr<Attempt> dial(const Url& url, Done done) override;
  void heard_alternatives(const Url& url, std::string_view value, Instant now) override {
    alternatives_.heard(url, value, now);
  }
  void alternative_failed(const Url& url, Instant now) override;
  void disturb(const std::shared_ptr<DatagramTrouble>& trouble) override {
    quic_->disturb(trouble);
  }

 private:
  class Race;

  /// Asks the DNS, where that is due.
  void ask_services(const Url& url, Instant now);
  void on_services(const Url& url, const Resolver::Services& services);

  asio::io_context& loop_;
  std::unique_ptr<Dialer> tcp_;
  std::unique_ptr<Dialer> quic_;
  Alternatives alternatives_;
  std::set<Race*> races_;
  AskServices ask_;
  std::map<std::string, Instant> ask_again_;  // By authority; max: it is being asked.
  bool said_elsewhere_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Asks `resolver` for an origin's HTTPS records, where its host is a name that the DNS is asked
/// for: not one of `resolve`, and not behind a relay's own name.
AutoDialer::AskServices ask_by(std::shared_ptr<Resolver> resolver,
                               std::map<std::string, std::vector<std::string>> resolve);

/// What is to be counted of an attempt that is up.
reports::QuicCounts counts_of_alternative(const Dialled& dialled);

}  // namespace squall::generators
