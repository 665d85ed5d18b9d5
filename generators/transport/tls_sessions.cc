#include "generators/transport/tls_sessions.h"

#include <utility>

namespace squall::generators {

void TlsSessions::add(const std::string& server, Session session) {
  if (!session || SSL_SESSION_is_resumable(session.get()) != 1) return;
  Of& of = servers_[server];
  if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
    of.lasting = std::move(session);
    return;
  }
  if (of.tickets.size() == kMostTickets) of.tickets.pop_front();
  of.tickets.push_back(std::move(session));
}

TlsSessions::Session TlsSessions::take(const std::string& server) {
  const auto found = servers_.find(server);
  if (found == servers_.end()) return nullptr;
  Of& of = found->second;
  if (!of.tickets.empty()) {
    Session session = std::move(of.tickets.back());
    of.tickets.pop_back();
    return session;
  }
  if (of.lasting) SSL_SESSION_up_ref(of.lasting.get());
  return Session(of.lasting.get());
}

}  // namespace squall::generators
