#include "generators/transport/resolver.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>

namespace squall::generators {
namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// A first answer is waited for so long; each further try doubles it. Under faults packets get
// lost, and c-ares' own 5 s would be longer than most attempts to connect may last.
constexpr int kFirstTryMs = 1000;
constexpr int kTries = 4;

/// c-ares' own data, made once in the program.
int library() {
  static const int kStatus = ares_library_init(ARES_LIB_INIT_ALL);
  return kStatus;
}

asio::ip::address to_address(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, node.ai_addr, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, node.ai_addr, sizeof v6);
  asio::ip::address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

/// What was found, and for how long all of it holds: the way to an address goes through aliases.
std::pair<Resolved, Duration> read(const ares_addrinfo& found) {
  Resolved resolved;
  int ttl = 0x7fffffff;
  for (const auto* node = found.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    resolved.addresses.push_back(to_address(*node));
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const auto* alias = found.cnames; alias != nullptr; alias = alias->next) {
    ttl = std::min(ttl, alias->ttl);
  }
  auto& addresses = resolved.addresses;
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses.empty()) resolved.why = "the name has no address";
  return {std::move(resolved), std::chrono::seconds(std::max(ttl, 0))};
}

}  // namespace

struct Resolver::Asked {
  Resolver* resolver;
  std::string name;
};

struct Resolver::AskedServices {
  Resolver* resolver;
  std::string name;
  ServicesDone done;
};

struct Resolver::Socket {
  Socket(asio::io_context& loop, int fd) : descriptor(fd), waiter(loop, fd) {}

  int descriptor;
  asio::posix::stream_descriptor waiter;  // Borrows the descriptor; released, never closed.
  std::array<bool, 2> wanted{};           // To read, to write.
  std::array<bool, 2> armed{};
  bool closed = false;
};

Resolver::Waiting::Waiting(Resolver& resolver, std::shared_ptr<Call> call)
    : resolver_(resolver), call_(std::move(call)) {}

Resolver::Waiting::~Waiting() {
  if (std::exchange(call_->done, nullptr)) resolver_.forget_one();
}

Resolver::Resolver(asio::io_context& loop, const std::string& servers) : loop_(loop), timer_(loop) {
  int status = library();
  std::array<char, 2> files{"f"};
  std::array<char, 2> dns{"b"};
  ares_options options{};
  options.lookups = files.data();
  if (status == ARES_SUCCESS) status = ares_init_options(&files_, &options, ARES_OPT_LOOKUPS);
  options.lookups = dns.data();
  options.timeout = kFirstTryMs;
  options.tries = kTries;
  options.sock_state_cb = [](void* self, ares_socket_t descriptor, int readable, int writable) {
    static_cast<Resolver*>(self)->watch(descriptor, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  if (status == ARES_SUCCESS) {
    status = ares_init_options(
        &dns_, &options,
        ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  }
  if (status == ARES_SUCCESS && !servers.empty()) {
    status = ares_set_servers_ports_csv(dns_, servers.c_str());
  }
  if (status != ARES_SUCCESS) broken_ = ares_strerror(status);
}

Resolver::~Resolver() {
  if (dns_ != nullptr) ares_destroy(dns_);  // Its questions are told; sockets are released.
  if (files_ != nullptr) ares_destroy(files_);
}

const Resolved* Resolver::known(const std::string& name, Instant now) const {
  const auto found = answers_.find(name);
  return found != answers_.end() && now < found->second.until ? &found->second.resolved : nullptr;
}

std::unique_ptr<Resolver::Waiting> Resolver::ask(const std::string& name, Done done) {
  auto call = std::make_shared<Call>(Call{std::move(done)});
  ++waiting_;
  auto& waiting = under_way_[name];
  waiting.push_back(call);
  if (!broken_.empty()) {
    answer(name, {{}, broken_}, Instant::min());
  } else if (waiting.size() == 1) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;  // Connections take turns over all of them.
    // Deleted by the last of the two callbacks, one of which is always called.
    auto* asked = new Asked{this, name};  // NOLINT: c-ares' interface
    ares_getaddrinfo(files_, name.c_str(), nullptr, &hints, on_file, asked);
    arm_timer();
  }
  return std::make_unique<Waiting>(*this, std::move(call));
}

void Resolver::on_file(void* asked, int status, int /*timeouts*/, ares_addrinfo* found) {
  std::unique_ptr<Asked> question(static_cast<Asked*>(asked));
  Resolver& self = *question->resolver;
  if (status == ARES_SUCCESS && found != nullptr) {
    auto resolved = read(*found).first;
    ares_freeaddrinfo(found);
    self.answer(question->name, std::move(resolved), Instant::max());
    return;
  }
  if (status == ARES_EDESTRUCTION) return;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;
  const std::string name = question->name;
  ares_getaddrinfo(self.dns_, name.c_str(), nullptr, &hints, on_dns, question.release());
}

void Resolver::on_dns(void* asked, int status, int /*timeouts*/, ares_addrinfo* found) {
  const std::unique_ptr<Asked> question(static_cast<Asked*>(asked));
  if (status == ARES_EDESTRUCTION) return;
  if (status == ARES_SUCCESS && found != nullptr) {
    auto [resolved, holds] = read(*found);
    ares_freeaddrinfo(found);
    question->resolver->answer(question->name, std::move(resolved), Clock::now() + holds);
    return;
  }
  question->resolver->answer(question->name, {{}, ares_strerror(status)}, Instant::min());
}

void Resolver::ask_services(const std::string& host, std::uint16_t port, ServicesDone done) {
  if (!broken_.empty()) {
    answer_services(std::move(done), {{}, broken_});
    return;
  }
  for (const int family : {AF_INET, AF_INET6}) {
    hostent* known = nullptr;
    if (ares_gethostbyname_file(files_, host.c_str(), family, &known) != ARES_SUCCESS) continue;
    ares_free_hostent(known);
    answer_services(std::move(done), {});
    return;
  }
  constexpr int kInternet = 1;
  constexpr int kHttps = 65;  // RFC 9460 §9; c-ares 1.18 has no name for it, nor a parser.
  // Deleted by the callback, which is always called.
  auto* asked =  // NOLINT: c-ares' interface
      new AskedServices{this, https_record_name(host, port), std::move(done)};
  // Deprecated since c-ares 1.28 for a function that 1.18 does not have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  ares_query(dns_, asked->name.c_str(), kInternet, kHttps, on_services, asked);
#pragma GCC diagnostic pop
  arm_timer();
}

void Resolver::on_services(void* asked, int status, int /*timeouts*/, unsigned char* message,
                           int size) {
  const std::unique_ptr<AskedServices> question(static_cast<AskedServices*>(asked));
  if (status == ARES_EDESTRUCTION) return;
  Services services;
  if (status == ARES_SUCCESS && size >= 0) {
    auto records = parse_https_answer({message, static_cast<std::size_t>(size)}, question->name);
    if (records) {
      services.records = *std::move(records);
    } else {
      services.why = "the answer is malformed";
    }
  } else if (status != ARES_ENODATA && status != ARES_ENOTFOUND) {
    services.why = ares_strerror(status);
  }
  question->resolver->answer_services(std::move(question->done), std::move(services));
}

/// Not from here, because this may be inside of c-ares, or of ask_services().
void Resolver::answer_services(ServicesDone done, Services services) {
  asio::post(loop_, [alive = std::weak_ptr<bool>(alive_), done = std::move(done),
                     services = std::move(services)] {
    if (!alive.expired()) done(services);
  });
}

/// Keeps an answer, and tells those who wait for it: not from here, because this is inside of
/// c-ares.
void Resolver::answer(const std::string& name, Resolved resolved, Instant until) {
  auto waiting = std::move(under_way_[name]);
  under_way_.erase(name);
  if (resolved.addresses.empty()) {
    answers_.erase(name);
  } else {
    answers_[name] = {resolved, until};
  }
  asio::post(loop_, [this, alive = std::weak_ptr<bool>(alive_), waiting = std::move(waiting),
                     resolved = std::move(resolved)] {
    for (const auto& call : waiting) {
      const auto done = std::exchange(call->done, nullptr);
      if (!done) continue;
      if (!alive.expired()) --waiting_;
      done(resolved);
    }
  });
}

/// Nobody is to be kept waiting by questions that nobody asks any more.
void Resolver::forget_one() {
  if (--waiting_ > 0 || dns_ == nullptr) return;
  ares_cancel(dns_);
  arm_timer();
}

void Resolver::watch(int descriptor, bool readable, bool writable) {
  auto& socket = sockets_[descriptor];
  if (!readable && !writable) {  // It is about to be closed.
    if (socket) {
      socket->closed = true;
      socket->waiter.release();
    }
    sockets_.erase(descriptor);
    return;
  }
  if (!socket) socket = std::make_shared<Socket>(loop_, descriptor);
  socket->wanted = {readable, writable};
  arm(socket);
}

void Resolver::arm(const std::shared_ptr<Socket>& socket) {
  using Waiter = asio::posix::stream_descriptor;
  for (const std::size_t way : {0U, 1U}) {
    if (!socket->wanted.at(way) || std::exchange(socket->armed.at(way), true)) continue;
    socket->waiter.async_wait(way == 0 ? Waiter::wait_read : Waiter::wait_write,
                              [this, socket, way](const error_code& aborted) {
                                socket->armed.at(way) = false;
                                if (aborted || socket->closed)
                                  return;  // Closed also when `this` is gone.
                                process(way == 0 ? socket->descriptor : ARES_SOCKET_BAD,
                                        way == 1 ? socket->descriptor : ARES_SOCKET_BAD);
                                if (!socket->closed) arm(socket);
                              });
  }
}

void Resolver::process(int readable, int writable) {
  ares_process_fd(dns_, readable, writable);
  arm_timer();
}

void Resolver::arm_timer() {
  timeval left{};
  if (ares_timeout(dns_, nullptr, &left) == nullptr) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const error_code& aborted) {
    if (!aborted && !alive.expired()) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace squall::generators
