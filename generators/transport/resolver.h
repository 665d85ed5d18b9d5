#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "generators/transport/https_record.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

struct ares_channeldata;
struct ares_addrinfo;

namespace squall::generators {

/// What a name stands for.
struct Resolved {
  std::vector<asio::ip::address> addresses;  ///< IPv4 before IPv6, sorted; empty when it failed.
  std::string why;                           ///< In words, when it failed.
};

/// Looks names up in /etc/hosts and in the DNS, and keeps the answers as long as they say.
///
/// getaddrinfo() does not tell how long an answer holds; c-ares does, and is driven by the shard's
/// own event loop. An answer from the DNS holds for its TTL, to the second; one with TTL 0 is not
/// kept; one from /etc/hosts holds for good. A failure is not kept, and an answer that has run out
/// is not used, also when no fresh one can be had. Those who ask for a name while it is being
/// looked up share the answer. Other sources of nsswitch.conf are not asked.
///
/// Lifecycle:  outlives what ask() gave. Leaves no work on the loop when nobody waits.
/// Threads:    all on the thread that runs `loop`.
/// Errors:     in Resolved.
class Resolver {
 public:
  using Done = std::function<void(const Resolved&)>;
  /// One who waits for an answer. Destroying it gives up.
  class Waiting;

  /// `servers`: "ADDRESS:PORT,…" to ask instead of those of /etc/resolv.conf.
  explicit Resolver(asio::io_context& loop, const std::string& servers = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The answer at hand, while it holds; else null.
  const Resolved* known(const std::string& name, Instant now) const;
  /// Looks a name up. `done` is called once, later, from the event loop.
  std::unique_ptr<Waiting> ask(const std::string& name, Done done);

  /// What the DNS says of how an origin is to be had (RFC 9460); `why` where there is no answer.
  struct Services {
    std::vector<ServiceRecord> records;  ///< Best first.
    std::string why;
  };
  using ServicesDone = std::function<void(const Services&)>;
  /// Asks for the HTTPS records of an origin. `done` is called once, later, from the event loop,
  /// unless this is destroyed before. Nobody waits for it: it is given up with the last who does
  /// wait for an address. Of a name in /etc/hosts the DNS is not asked; it has no record then.
  void ask_services(const std::string& host, std::uint16_t port, ServicesDone done);

 private:
  struct Asked;          // One question that is under way,
  struct AskedServices;  // or one for services.
  struct Socket;         // One of c-ares' descriptors.
  struct Call {          // One who waits; `done` is empty once called or given up.
    Done done;
  };
  struct Answer {
    Resolved resolved;
    Instant until{};
  };

  static void on_file(void* asked, int status, int timeouts, ares_addrinfo* found);
  static void on_dns(void* asked, int status, int timeouts, ares_addrinfo* found);
  static void on_services(void* asked, int status, int timeouts, unsigned char* message, int size);
  void answer_services(ServicesDone done, Services services);
  void answer(const std::string& name, Resolved resolved, Instant until);
  void forget_one();
  void watch(int descriptor, bool readable, bool writable);
  void arm(const std::shared_ptr<Socket>& socket);
  void process(int readable, int writable);
  void arm_timer();

  asio::io_context& loop_;
  asio::steady_timer timer_;
  ares_channeldata* files_ = nullptr;  // Null when c-ares could not be set up:
  ares_channeldata* dns_ = nullptr;
  std::string broken_;  // why not.
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::vector<std::shared_ptr<Call>>> under_way_;
  std::map<int, std::shared_ptr<Socket>> sockets_;
  std::size_t waiting_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // Handlers hold it weakly.
};

/// See Resolver::ask().
class Resolver::Waiting {
 public:
  Waiting(Resolver& resolver, std::shared_ptr<Call> call);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Resolver& resolver_;
  std::shared_ptr<Call> call_;
};

}  // namespace squall::generators
