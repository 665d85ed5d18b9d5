#include "reports/measure/snapshot.h"

#include <algorithm>
#include <numeric>

namespace squall::reports {

std::uint64_t SecondCounts::all_errors() const {
  return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

std::optional<TimeSaved> time_saved(const QuicCounts& counts) {
  constexpr std::uint64_t kEnough = 10;
  const auto mean_ms = [](std::uint64_t sum_us, std::uint64_t of) {
    return static_cast<double>(sum_us) / 1000 / static_cast<double>(of);
  };
  if (counts.early_answers < kEnough) return std::nullopt;
  const double early = mean_ms(counts.early_answers_us, counts.early_answers);
  if (counts.resumed_answers >= kEnough) {
    return TimeSaved{mean_ms(counts.resumed_answers_us, counts.resumed_answers) - early, "resumed"};
  }
  if (counts.full_answers >= kEnough) {
    return TimeSaved{mean_ms(counts.full_answers_us, counts.full_answers) - early, "full"};
  }
  return std::nullopt;
}

void QuicCounts::count(const QuicError& error, std::uint64_t times) {
  const bool has_room = errors.size() < kMostErrors || errors.contains(error);
  errors[has_room ? error : QuicError{}] += times;
}

void QuicCounts::add(const QuicCounts& other) {
  early_sent += other.early_sent;
  early_accepted += other.early_accepted;
  early_rejected += other.early_rejected;
  early_refused += other.early_refused;
  early_answers += other.early_answers;
  early_answers_us += other.early_answers_us;
  full_answers += other.full_answers;
  full_answers_us += other.full_answers_us;
  resumed_answers += other.resumed_answers;
  resumed_answers_us += other.resumed_answers_us;
  path_samples += other.path_samples;
  path_rtt_us += other.path_rtt_us;
  path_window += other.path_window;
  packets_sent += other.packets_sent;
  packets_lost += other.packets_lost;
  alternatives += other.alternatives;
  alternatives_by_record += other.alternatives_by_record;
  fell_back += other.fell_back;
  fell_back_us += other.fell_back_us;
  avoided += other.avoided;
  silent += other.silent;
  silent_us += other.silent_us;
  ecn_ect0 += other.ecn_ect0;
  ecn_ect1 += other.ecn_ect1;
  ecn_ce += other.ecn_ce;
  for (const auto& [error, times] : other.errors) count(error, times);
}

void SecondCounts::add(const SecondCounts& other) {
  due += other.due;
  unsent += other.unsent;
  shed += other.shed;
  ok_by_due += other.ok_by_due;
  errors_by_due += other.errors_by_due;
  sent += other.sent;
  completed += other.completed;
  ok += other.ok;
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] += other.errors[i];
  for (const auto& [code, times] : other.status) status[code] += times;
  for (const auto& [code, times] : other.status_by_due) status_by_due[code] += times;
  bytes_received += other.bytes_received;
  bytes_sent += other.bytes_sent;
  datagrams_received += other.datagrams_received;
  datagrams_dropped += other.datagrams_dropped;
  quic.add(other.quic);
  connections_opened += other.connections_opened;
  connections_failed += other.connections_failed;
  connections_lost += other.connections_lost;
  connections_given_up += other.connections_given_up;
  tls_resumed += other.tls_resumed;
  retried += other.retried;
  flows_begun += other.flows_begun;
  flows_completed += other.flows_completed;
  flows_abandoned += other.flows_abandoned;
}

void GroupCounts::add(const GroupCounts& other) {
  ok += other.ok;
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] += other.errors[i];
  for (const auto& [code, times] : other.status) status[code] += times;
  connections_opened += other.connections_opened;
  connections_failed += other.connections_failed;
  connections_lost += other.connections_lost;
}

void GroupCell::merge(const GroupCell& other) {
  add(other);
  response.merge(other.response);
  ok_response.merge(other.ok_response);
}

void SecondCell::merge(const SecondCell& other) {
  add(other);
  for (std::size_t i = 0; i < latency.size(); ++i) latency[i].merge(other.latency[i]);
  ok_response.merge(other.ok_response);
  for (const auto& [name, group] : other.requests) requests[name].merge(group);
  for (const auto& [name, group] : other.addresses) addresses[name].merge(group);
}

void SecondCell::clear() {
  static_cast<SecondCounts&>(*this) = SecondCounts{};
  for (Histogram& histogram : latency) histogram.clear();
  ok_response.clear();
  requests.clear();
  addresses.clear();
}

bool SecondCell::empty() const {
  return static_cast<const SecondCounts&>(*this) == SecondCounts{} && ok_response.empty() &&
         requests.empty() && addresses.empty() &&
         std::all_of(latency.begin(), latency.end(), [](const auto& h) { return h.empty(); });
}

void Health::worsen(const Health& other) {
  cpu = std::max(cpu, other.cpu);
  backlog = std::max(backlog, other.backlog);
  in_flight = std::max(in_flight, other.in_flight);
  descriptors = std::max(descriptors, other.descriptors);
  descriptor_limit = std::max(descriptor_limit, other.descriptor_limit);
  lateness_max = std::max(lateness_max, other.lateness_max);
  // What has no value compares as less than any.
  descheduled_max = std::max(descheduled_max, other.descheduled_max);
  throttled = std::max(throttled, other.throttled);
  clock_jump = std::max(clock_jump, other.clock_jump);
  ports = std::max(ports, other.ports);
}

}  // namespace squall::reports
