#include "generators/target/target_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <utility>

#include <boost/asio/ip/v6_only.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "generators/target/connection.h"
#include "generators/target/quic_listener.h"
#include "harness/base/files.h"
#include "harness/base/log.h"
#include "harness/base/unique_fd.h"

namespace squall::generators {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::size_t kReadBuffer = 65536;
constexpr int kMostAccepts = 64;  // Per wake-up.

Error failed(const error_code& code, const std::string& doing) {
  return Error{std::error_code(code.value(), std::generic_category()), doing};
}

Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  if (!file) return Error{std::error_code(errno, std::generic_category()), "write " + path};
  return {};
}

bool is_loopback(const tcp::endpoint& peer) {
  const asio::ip::address address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

}  // namespace

/// One address that is listened on.
struct TargetLoop::Listener {
  explicit Listener(asio::io_context& io) : acceptor(io), pause(io) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;  // While there are no descriptors left.
};

TargetLoop::TargetLoop(const TargetOptions& options)
    : protocols_(options.protocols),
      backend_(options.behaviours, options.seed, std::chrono::steady_clock::now()),
      read_buffer_(kReadBuffer),
      alt_svc_(options.alt_svc) {}

TargetLoop::~TargetLoop() {
  close_all();
  connections_.clear();  // Before the servers of those that are over QUIC.
}

Result<std::unique_ptr<TargetLoop>> TargetLoop::make(const TargetOptions& options) {
  for (const auto& [prefix, behaviour] : options.behaviours) {
    if (auto sound = check_prefix(prefix); !sound) return std::move(sound).error();
    if (auto sound = check(behaviour); !sound) return std::move(sound).error().within(prefix);
  }
  const TargetProtocols& spoken = options.protocols;
  if (options.listen.empty() || !(spoken.needs_tcp() || spoken.h3)) {
    return error(std::errc::invalid_argument, "no address or no protocol given");
  }
  std::unique_ptr<TargetLoop> loop(new TargetLoop(options));
  if (auto done = loop->use_certificate(options); !done) return std::move(done).error();
  for (const ListenAddress& address : options.listen) {
    if (auto done = loop->listen(address, options); !done) {
      return std::move(done).error().within("listen on " + to_text(address));
    }
  }
  // Not before it listens: the file may be that of a target which has the port already.
  if (spoken.needs_tls() && options.write_certificate) {
    const std::string& certificate = loop->certificate_.certificate;
    if (auto done = write_file(*options.write_certificate, certificate); !done) {
      return std::move(done).error();
    }
  }
  if (auto done = loop->watch_for_stop(); !done) return std::move(done).error();
  return loop;
}

Result<void> TargetLoop::use_certificate(const TargetOptions& options) {
  if (!protocols_.needs_tls()) return {};
  if (options.certificate_file && options.key_file) {
    SQUALL_TRY(certificate_.certificate, read_file(*options.certificate_file));
    SQUALL_TRY(certificate_.key, read_file(*options.key_file));
  } else if (options.certificate_file || options.key_file) {
    return error(std::errc::invalid_argument, "a certificate and its key must be given together");
  } else {
    SQUALL_TRY(certificate_, make_self_signed_certificate());
  }
  SQUALL_TRY(tls_, make_tls_server(certificate_, protocols_));
  return {};
}

Result<void> TargetLoop::listen(const ListenAddress& address, const TargetOptions& options) {
  // Where the kernel chooses the port, it looks at TCP's alone: UDP's may be taken.
  constexpr int kTries = 16;
  for (int tries = 1;; ++tries) {
    ListenAddress here = address;
    const std::size_t listeners = listeners_.size();
    if (protocols_.needs_tcp()) {
      SQUALL_TRY(here.port, listen_tcp(here));
    }
    if (protocols_.h3) {
      auto port = listen_quic(here, options);
      const bool is_taken = !port && port.error().code == std::errc::address_in_use;
      if (is_taken && address.port == 0 && tries < kTries) {
        listeners_.resize(listeners);
        continue;
      }
      if (!port) return std::move(port).error();
      here.port = *port;
    }
    bound_.push_back(here);
    return {};
  }
}

Result<std::uint16_t> TargetLoop::listen_tcp(const ListenAddress& address) {
  error_code code;
  const asio::ip::address host = asio::ip::make_address(address.host, code);
  if (code) return failed(code, "not an IP address");
  auto listener = std::make_unique<Listener>(io_);
  tcp::acceptor& acceptor = listener->acceptor;
  const tcp::endpoint endpoint(host, address.port);
  acceptor.open(endpoint.protocol(), code);
  if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code && host.is_v6()) acceptor.set_option(asio::ip::v6_only(true), code);
  if (!code) acceptor.bind(endpoint, code);
  if (!code) acceptor.listen(tcp::acceptor::max_listen_connections, code);
  if (!code) acceptor.non_blocking(true, code);
  if (code) return failed(code, "");
  const std::uint16_t port = acceptor.local_endpoint(code).port();
  listeners_.push_back(std::move(listener));
  return port;
}

Result<std::uint16_t> TargetLoop::listen_quic(const ListenAddress& address,
                                              const TargetOptions& options) {
  error_code code;
  const asio::ip::address host = asio::ip::make_address(address.host, code);
  if (code) return failed(code, "not an IP address");
  SQUALL_TRY(auto socket, UdpListener::bind({host, address.port}));
  SQUALL_TRY(auto tls, QuicServerTls::make(certificate_, options.early_data));
  const std::uint16_t port = socket.local().port();
  quic_.push_back(
      std::make_unique<QuicListener>(*this, io_, std::move(socket), std::move(tls), options.retry));
  return port;
}

Result<void> TargetLoop::watch_for_stop() {
  // An eventfd: writing to it is all that stop() does, so that signal handlers may call it.
  UniqueFd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event) return Error{std::error_code(errno, std::generic_category()), "eventfd"};
  error_code code;
  stop_event_.assign(event.get(), code);
  if (code) return failed(code, "watch for stop");
  static_cast<void>(event.release());
  stop_event_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code cancelled) {
    if (!cancelled) begin_stop();
  });
  return {};
}

void TargetLoop::run() {
  for (const auto& listener : listeners_) wait_for_connections(*listener);
  for (const auto& listener : quic_) listener->start();
  sweep_every_second();
  io_.run();
}

void TargetLoop::stop() noexcept {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, so when stop() has been called before.
  static_cast<void>(::write(stop_event_.native_handle(), &one, sizeof one));
}

void TargetLoop::wait_for_connections(Listener& listener) {
  listener.acceptor.async_wait(tcp::acceptor::wait_read, [this, &listener](error_code cancelled) {
    if (!cancelled && !is_stopping_) accept(listener);
  });
}

void TargetLoop::accept(Listener& listener) {
  begin_batch();
  for (int accepted = 0; accepted < kMostAccepts; ++accepted) {
    error_code code;
    tcp::endpoint peer;
    tcp::socket socket = listener.acceptor.accept(peer, code);
    if (code == asio::error::would_block || code == asio::error::try_again) break;
    if (code == asio::error::connection_aborted || code == asio::error::interrupted) continue;
    if (code) {  // No descriptors or memory. Waiting at once would spin.
      log_warning("target: accept: " + code.message());
      listener.pause.expires_after(100ms);
      listener.pause.async_wait([this, &listener](error_code cancelled) {
        if (!cancelled && !is_stopping_) wait_for_connections(listener);
      });
      return;
    }
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    if (is_silent()) ++counts_.silenced;
    const auto connection = std::make_shared<TargetConnection>(
        *this, std::move(socket), last_connection_ + 1, is_loopback(peer), is_silent(), now_);
    adopt(connection);
    connection->start();
  }
  wait_for_connections(listener);
}

void TargetLoop::serve(ServedConnection& connection, ServerSession& session,
                       const ReceivedRequest& request) {
  if (request.path.starts_with(kAdminPrefix)) return serve_admin(connection, session, request);
  const Reply reply = backend_.arrive(request.path, {connection.number(), request.stream}, now_);
  switch (reply.kind) {
    case Reply::Kind::kAnswer:
      session.answer(request.stream, reply.status, reply.body);
      break;
    case Reply::Kind::kReset:
      session.reset(request.stream);
      break;
    case Reply::Kind::kSilence:
      break;
    case Reply::Kind::kLater:
      session.wait_at(request.stream, reply.place);
      break;
  }
}

void TargetLoop::serve_admin(ServedConnection& connection, ServerSession& session,
                             const ReceivedRequest& request) {
  ++counts_.admin_requests;
  if (!connection.is_loopback()) {
    session.answer(request.stream, 403, "text/plain", "only for the machine itself\n");
    return;
  }
  counts_.quic = {};
  for (const auto& listener : quic_) counts_.quic += listener->counts();
  AdminReply reply = administer({.method = request.method,
                                 .path = request.path,
                                 .body = request.body,
                                 .is_body_complete = request.is_body_complete},
                                backend_, counts_, now_);
  session.answer(request.stream, reply.status, reply.type, std::move(reply.body));
  if (reply.action == AdminReply::Action::kNone) return;
  if (reply.action == AdminReply::Action::kSilence) {
    silent_until_ = now_ + reply.silence;
    return;
  }
  for (const auto& other : all_connections()) {
    if (reply.action == AdminReply::Action::kGoAway) {
      other->go_away();
      // The asking connection is within receive(); it flushes on its own after it.
      if (other.get() != &connection) other->flush();
    } else if (other.get() != &connection) {
      other->drop();
      ++counts_.dropped;
    }
  }
}

void TargetLoop::end_batch() {
  for (const auto& listener : quic_) listener->flush(now_);
  const auto next = backend_.next_due();
  if (!next || *next >= armed_for_) return;
  armed_for_ = *next;
  due_timer_.expires_at(*next);
  due_timer_.async_wait([this, armed_for = *next](error_code cancelled) {
    // A handler that was queued before it was cancelled comes without an error.
    if (cancelled || armed_for != armed_for_) return;
    on_due();
  });
}

void TargetLoop::on_due() {
  armed_for_ = Instant::max();
  begin_batch();
  due_.clear();
  backend_.collect(now_, due_);
  touched_.clear();
  for (const Completion& completion : due_) {
    const auto found = connections_.find(completion.ticket.connection);
    ServerSession* const session = found == connections_.end() ? nullptr : found->second->session();
    const Reply& reply = completion.reply;
    const std::int32_t stream = completion.ticket.stream;
    bool is_there = session != nullptr && session->is_waiting(stream);
    if (is_there && reply.kind == Reply::Kind::kAnswer) {
      is_there = session->answer(stream, reply.status, reply.body);
    }
    if (is_there && reply.kind == Reply::Kind::kReset) is_there = session->reset(stream);
    if (is_there && reply.kind == Reply::Kind::kSilence) session->wait_at(stream, 0);
    backend_.count(reply, is_there);
    if (is_there && (touched_.empty() || touched_.back() != found->second)) {
      touched_.push_back(found->second);
    }
  }
  for (const auto& connection : touched_) connection->flush();
  touched_.clear();
  end_batch();
}

std::uint64_t TargetLoop::adopt(std::shared_ptr<ServedConnection> connection) {
  ++counts_.accepted;
  connections_.emplace(++last_connection_, std::move(connection));
  counts_.open = connections_.size();
  return last_connection_;
}

std::string TargetLoop::alternative(const Socket& socket) const {
  if (!alt_svc_ || !protocols_.h3) return {};
  error_code failed;
  const auto port = socket.local_endpoint(failed).port();
  if (failed) return {};
  return fmt::format("h3=\":{}\"; ma={}", port,
                     std::chrono::duration_cast<std::chrono::seconds>(*alt_svc_).count());
}

void TargetLoop::forget(std::uint64_t connection) {
  connections_.erase(connection);
  counts_.open = connections_.size();
  end_when_empty();
}

void TargetLoop::sweep_every_second() {
  sweep_timer_.expires_after(1s);
  sweep_timer_.async_wait([this](error_code cancelled) {
    if (cancelled || is_stopping_) return;
    begin_batch();
    for (const auto& connection : all_connections()) connection->sweep(now_);
    sweep_every_second();
  });
}

void TargetLoop::begin_stop() {
  is_stopping_ = true;
  error_code ignored;
  for (const auto& listener : listeners_) {
    listener->acceptor.close(ignored);
    listener->pause.cancel();
  }
  sweep_timer_.cancel();
  begin_batch();
  for (const auto& listener : quic_) listener->refuse_new();
  for (const auto& connection : all_connections()) {
    if (connection->session() == nullptr) {
      connection->close();
      continue;
    }
    connection->go_away();
    connection->flush();
  }
  for (const auto& listener : quic_) listener->flush(now_);
  drain_timer_.expires_after(1s);
  drain_timer_.async_wait([this](error_code cancelled) {
    if (!cancelled) close_all();
  });
  end_when_empty();
}

void TargetLoop::close_all() {
  for (const auto& connection : all_connections()) connection->close();
  for (const auto& listener : quic_) listener->flush(now_);
}

void TargetLoop::end_when_empty() {
  if (!is_stopping_ || !connections_.empty()) return;
  drain_timer_.cancel();
  due_timer_.cancel();
  armed_for_ = Instant::min();  // Nobody arms it again.
  for (const auto& listener : quic_) listener->close();
}

std::vector<std::shared_ptr<ServedConnection>> TargetLoop::all_connections() const {
  std::vector<std::shared_ptr<ServedConnection>> all;
  all.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) all.push_back(connection);
  return all;
}

}  // namespace squall::generators
