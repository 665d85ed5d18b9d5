// What a connection over datagrams counts, and says of its end.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "generators/load/datagram_connection.h"

namespace squall::generators {
namespace {

constexpr std::uint64_t kQuicNoError = 0;       // NO_ERROR, RFC 9000 §20.1.
constexpr std::uint64_t kHttp3NoError = 0x100;  // H3_NO_ERROR, RFC 9114 §8.1.

std::uint64_t in_micros(Duration length) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(length).count());
}

}  // namespace

/// What early data saves: the way to the first answer with it, and with a handshake first, which
/// may have resumed a session or not. Time in which a connection waited for a request is no part
/// of any; nor does one count that the server made to send again what it had sent early. A request
/// that was held until the handshake was done is one with a handshake first.
void DatagramConnection::on_first_answer(RequestSession::Ticket ticket, const InFlight& request) {
  reports::QuicCounts counts;
  const EarlyData early = link_->session().early_data();
  if (early.rejected + early.refused > 0) return;
  const auto with_handshake = [&] {
    return in_micros(*connect_ + (now_ - std::max(request.sent, established_)));
  };
  if (link_->session().went_early(ticket)) {
    counts.early_answers = 1;
    counts.early_answers_us = in_micros(now_ - request.sent);
  } else if (early.sent > 0 || !connect_) {
    return;  // The answer to what went ahead of this is yet to come.
  } else if (is_resumed()) {
    counts.resumed_answers = 1;
    counts.resumed_answers_us = with_handshake();
  } else {
    counts.full_answers = 1;
    counts.full_answers_us = with_handshake();
  }
  owner_.on_quic(counts, now_);
}

void DatagramConnection::count() {
  count_bytes(link_->received(), link_->sent());
  const EarlyData early = link_->session().early_data();
  if (early != counted_early_) {
    reports::QuicCounts counts;
    counts.early_sent = early.sent - counted_early_.sent;
    counts.early_accepted = early.accepted - counted_early_.accepted;
    counts.early_rejected = early.rejected - counted_early_.rejected;
    counts.early_refused = early.refused - counted_early_.refused;
    counted_early_ = early;
    owner_.on_quic(counts, now_);
  }
  count_breaks();
  if (trouble_) count_changes();
  if (now_ >= next_sample_) sample_path();
  const std::uint64_t came = link_->datagrams();
  const std::uint32_t dropped = link_->dropped();  // It wraps around, as a difference does.
  if (came == counted_datagrams_) return;
  owner_.on_datagrams(came - std::exchange(counted_datagrams_, came),
                      dropped - std::exchange(counted_dropped_, dropped), now_);
}

void DatagramConnection::count_changes() {
  const ConnectionChanges changes = link_->session().changes();
  const ConnectionChanges before = std::exchange(counted_changes_, changes);
  DisturbanceTally& tally = trouble_->tally;
  if (changes.unanswered > before.unanswered && std::exchange(awaits_path_, false)) {
    ++tally.unanswered;
  }
  if (changes.validated > before.validated && std::exchange(awaits_path_, false)) {
    ++tally.migrations;
  }
  if (changes.key_updates > before.key_updates && std::exchange(awaits_keys_, false)) {
    ++tally.key_updates;
  }
}

void DatagramConnection::count_breaks() {
  const auto breaks = link_->session().take_breaks();
  if (breaks.empty()) return;
  reports::QuicCounts counts;
  for (const reports::QuicError& one : breaks) counts.count(one);
  owner_.on_quic(counts, now_);
}

/// Looks at the path once a second, as long as something happens here, and at the end.
void DatagramConnection::sample_path() {
  if (!is_established()) return;
  const PathFigures path = link_->session().path();
  reports::QuicCounts counts;
  counts.path_samples = 1;
  counts.path_rtt_us = in_micros(path.smoothed_rtt);
  counts.path_window = path.window;
  counts.packets_sent = path.sent - std::exchange(counted_path_.sent, path.sent);
  counts.packets_lost = path.lost - std::exchange(counted_path_.lost, path.lost);
  const EcnCounts& ecn = link_->ecn();
  counts.ecn_ect0 = ecn.ect0 - counted_ecn_.ect0;
  counts.ecn_ect1 = ecn.ect1 - counted_ecn_.ect1;
  counts.ecn_ce = ecn.ce - counted_ecn_.ce;
  counted_ecn_ = ecn;
  next_sample_ = now_ + std::chrono::seconds(1);
  owner_.on_quic(counts, now_);
}

reports::QuicCounts counts_of(const SessionEnd& end, bool in_handshake) {
  using Kind = SessionEnd::Kind;
  reports::QuicCounts counts;
  const bool is_good = (end.kind == Kind::kTransport && end.code == kQuicNoError) ||
                       (end.kind == Kind::kProtocol && end.code == kHttp3NoError);
  if (end.name.empty() || is_good) return counts;
  const bool has_code =
      end.kind == Kind::kTransport || end.kind == Kind::kTls || end.kind == Kind::kProtocol;
  reports::QuicError error{end.name, {}, end.by_peer, false, in_handshake};
  if (has_code) error.code = end.code;
  counts.count(error);
  return counts;
}

}  // namespace squall::generators
