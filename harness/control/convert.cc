#include "harness/control/convert.h"

#include <cstddef>
#include <utility>

namespace squall::control {
namespace {

void put(const reports::Histogram& histogram, wire::HistogramBytes& message) {
  if (!histogram.empty()) message.set_v2(histogram.encode());
  message.set_clamped(histogram.clamped());
}

Result<reports::Histogram> take(const wire::HistogramBytes& message) {
  reports::Histogram histogram;
  if (!message.v2().empty()) {
    auto decoded = reports::Histogram::decode(message.v2());
    if (!decoded) return std::move(decoded).error();
    histogram = *std::move(decoded);
  }
  histogram.add_clamped(message.clamped());
  return histogram;
}

void put(const reports::GroupCells& from, google::protobuf::Map<std::string, wire::Group>& to) {
  for (const auto& [name, group] : from) {
    wire::Group& message = to[name];
    message.set_ok(group.ok);
    for (const std::uint64_t count : group.errors) message.add_errors(count);
    for (const auto& [status, count] : group.status) (*message.mutable_status())[status] = count;
    message.set_connections_opened(group.connections_opened);
    message.set_connections_failed(group.connections_failed);
    message.set_connections_lost(group.connections_lost);
    put(group.response, *message.mutable_response());
    put(group.ok_response, *message.mutable_ok_response());
  }
}

Result<reports::GroupCell> take(const wire::Group& from) {
  if (from.errors_size() != static_cast<int>(reports::kErrorClasses)) {
    return error(std::errc::bad_message, "wrong number of classes of errors");
  }
  reports::GroupCell group;
  group.ok = from.ok();
  for (std::size_t i = 0; i < reports::kErrorClasses; ++i) {
    group.errors[i] = from.errors(static_cast<int>(i));
  }
  for (const auto& [status, count] : from.status()) group.status[status] = count;
  group.connections_opened = from.connections_opened();
  group.connections_failed = from.connections_failed();
  group.connections_lost = from.connections_lost();
  SQUALL_TRY(group.response, take(from.response()));
  SQUALL_TRY(group.ok_response, take(from.ok_response()));
  return group;
}

Result<reports::GroupCells> take(const google::protobuf::Map<std::string, wire::Group>& from) {
  reports::GroupCells groups;
  for (const auto& [name, message] : from) {
    auto group = take(message);
    if (!group) return std::move(group).error().within("group " + name);
    groups.emplace(name, *std::move(group));
  }
  return groups;
}

void put(const reports::QuicCounts& from, wire::QuicCounts& to) {
  to.set_early_sent(from.early_sent);
  to.set_early_accepted(from.early_accepted);
  to.set_early_rejected(from.early_rejected);
  to.set_early_refused(from.early_refused);
  to.set_early_answers(from.early_answers);
  to.set_early_answers_us(from.early_answers_us);
  to.set_full_answers(from.full_answers);
  to.set_full_answers_us(from.full_answers_us);
  to.set_path_samples(from.path_samples);
  to.set_path_rtt_us(from.path_rtt_us);
  to.set_path_window(from.path_window);
  to.set_packets_sent(from.packets_sent);
  to.set_packets_lost(from.packets_lost);
  to.set_alternatives(from.alternatives);
  to.set_alternatives_by_record(from.alternatives_by_record);
  to.set_fell_back(from.fell_back);
  to.set_fell_back_us(from.fell_back_us);
  to.set_avoided(from.avoided);
  to.set_silent(from.silent);
  to.set_silent_us(from.silent_us);
  to.set_resumed_answers(from.resumed_answers);
  to.set_resumed_answers_us(from.resumed_answers_us);
  to.set_ecn_ect0(from.ecn_ect0);
  to.set_ecn_ect1(from.ecn_ect1);
  to.set_ecn_ce(from.ecn_ce);
  for (const auto& [error, times] : from.errors) {
    wire::QuicError& put = *to.add_errors();
    put.set_name(error.name);
    if (error.code) put.set_code(*error.code);
    put.set_by_server(error.by_server);
    put.set_is_of_stream(error.is_of_stream);
    put.set_in_handshake(error.in_handshake);
    put.set_times(times);
  }
}

reports::QuicCounts take(const wire::QuicCounts& from) {
  reports::QuicCounts counts;
  counts.early_sent = from.early_sent();
  counts.early_accepted = from.early_accepted();
  counts.early_rejected = from.early_rejected();
  counts.early_refused = from.early_refused();
  counts.early_answers = from.early_answers();
  counts.early_answers_us = from.early_answers_us();
  counts.full_answers = from.full_answers();
  counts.full_answers_us = from.full_answers_us();
  counts.path_samples = from.path_samples();
  counts.path_rtt_us = from.path_rtt_us();
  counts.path_window = from.path_window();
  counts.packets_sent = from.packets_sent();
  counts.packets_lost = from.packets_lost();
  counts.alternatives = from.alternatives();
  counts.alternatives_by_record = from.alternatives_by_record();
  counts.fell_back = from.fell_back();
  counts.fell_back_us = from.fell_back_us();
  counts.avoided = from.avoided();
  counts.silent = from.silent();
  counts.silent_us = from.silent_us();
  counts.resumed_answers = from.resumed_answers();
  counts.resumed_answers_us = from.resumed_answers_us();
  counts.ecn_ect0 = from.ecn_ect0();
  counts.ecn_ect1 = from.ecn_ect1();
  counts.ecn_ce = from.ecn_ce();
  for (const wire::QuicError& one : from.errors()) {
    reports::QuicError error{
        one.name(), {}, one.by_server(), one.is_of_stream(), one.in_handshake()};
    if (one.has_code()) error.code = one.code();
    counts.count(error, one.times());
  }
  return counts;
}

void put(const reports::LoadSecond& from, wire::SecondCell& to) {
  const reports::SecondCell& cell = from.cell;
  to.set_load(from.load);
  to.set_second(from.second);
  to.set_due(cell.due);
  to.set_unsent(cell.unsent);
  to.set_shed(cell.shed);
  to.set_ok_by_due(cell.ok_by_due);
  to.set_errors_by_due(cell.errors_by_due);
  to.set_sent(cell.sent);
  to.set_completed(cell.completed);
  to.set_ok(cell.ok);
  for (const std::uint64_t count : cell.errors) to.add_errors(count);
  for (const auto& [status, count] : cell.status) (*to.mutable_status())[status] = count;
  for (const auto& [status, count] : cell.status_by_due) {
    (*to.mutable_status_by_due())[status] = count;
  }
  to.set_bytes_received(cell.bytes_received);
  to.set_bytes_sent(cell.bytes_sent);
  to.set_connections_opened(cell.connections_opened);
  to.set_connections_failed(cell.connections_failed);
  to.set_connections_lost(cell.connections_lost);
  to.set_connections_given_up(cell.connections_given_up);
  for (const reports::Histogram& histogram : cell.latency) put(histogram, *to.add_latency());
  put(cell.ok_response, *to.mutable_ok_response());
  to.set_tls_resumed(cell.tls_resumed);
  to.set_datagrams_received(cell.datagrams_received);
  to.set_datagrams_dropped(cell.datagrams_dropped);
  if (cell.quic != reports::QuicCounts{}) put(cell.quic, *to.mutable_quic());
  to.set_retried(cell.retried);
  to.set_flows_begun(cell.flows_begun);
  to.set_flows_completed(cell.flows_completed);
  to.set_flows_abandoned(cell.flows_abandoned);
  put(cell.requests, *to.mutable_requests());
  put(cell.addresses, *to.mutable_addresses());
}

Result<reports::LoadSecond> take(const wire::SecondCell& from) {
  if (from.errors_size() != static_cast<int>(reports::kErrorClasses) ||
      from.latency_size() != static_cast<int>(reports::kMetrics)) {
    return error(std::errc::bad_message,
                 "a second of load " + from.load() + ": wrong number of parts");
  }
  reports::LoadSecond second;
  second.load = from.load();
  second.second = from.second();
  reports::SecondCell& cell = second.cell;
  cell.due = from.due();
  cell.unsent = from.unsent();
  cell.shed = from.shed();
  cell.ok_by_due = from.ok_by_due();
  cell.errors_by_due = from.errors_by_due();
  cell.sent = from.sent();
  cell.completed = from.completed();
  cell.ok = from.ok();
  for (std::size_t i = 0; i < reports::kErrorClasses; ++i) {
    cell.errors[i] = from.errors(static_cast<int>(i));
  }
  for (const auto& [status, count] : from.status()) cell.status[status] = count;
  for (const auto& [status, count] : from.status_by_due()) cell.status_by_due[status] = count;
  cell.bytes_received = from.bytes_received();
  cell.bytes_sent = from.bytes_sent();
  cell.connections_opened = from.connections_opened();
  cell.connections_failed = from.connections_failed();
  cell.connections_lost = from.connections_lost();
  cell.connections_given_up = from.connections_given_up();
  cell.tls_resumed = from.tls_resumed();
  cell.datagrams_received = from.datagrams_received();
  cell.datagrams_dropped = from.datagrams_dropped();
  cell.quic = take(from.quic());
  for (std::size_t i = 0; i < reports::kMetrics; ++i) {
    auto histogram = take(from.latency(static_cast<int>(i)));
    if (!histogram)
      return std::move(histogram).error().within("a histogram of load " + from.load());
    cell.latency[i] = *std::move(histogram);
  }
  auto ok_response = take(from.ok_response());
  if (!ok_response) return std::move(ok_response).error().within("ok responses of " + from.load());
  cell.ok_response = *std::move(ok_response);
  cell.retried = from.retried();
  cell.flows_begun = from.flows_begun();
  cell.flows_completed = from.flows_completed();
  cell.flows_abandoned = from.flows_abandoned();
  auto requests = take(from.requests());
  if (!requests) return std::move(requests).error().within("load " + from.load());
  cell.requests = *std::move(requests);
  auto addresses = take(from.addresses());
  if (!addresses) return std::move(addresses).error().within("load " + from.load());
  cell.addresses = *std::move(addresses);
  return second;
}

void put(const reports::Health& from, wire::Health& to) {
  to.set_cpu(from.cpu);
  to.set_backlog(from.backlog);
  to.set_in_flight(from.in_flight);
  to.set_descriptors(from.descriptors);
  to.set_descriptor_limit(from.descriptor_limit);
  to.set_lateness_max_ns(from.lateness_max.count());
  if (from.descheduled_max) to.set_descheduled_max_ns(from.descheduled_max->count());
  if (from.throttled) to.set_throttled_ns(from.throttled->count());
  to.set_clock_jump_ns(from.clock_jump.count());
  if (from.ports) to.set_ports(*from.ports);
}

reports::Health take(const wire::Health& from) {
  reports::Health health;
  health.cpu = from.cpu();
  health.backlog = from.backlog();
  health.in_flight = from.in_flight();
  health.descriptors = from.descriptors();
  health.descriptor_limit = from.descriptor_limit();
  health.lateness_max = Duration(from.lateness_max_ns());
  if (from.has_descheduled_max_ns()) health.descheduled_max = Duration(from.descheduled_max_ns());
  if (from.has_throttled_ns()) health.throttled = Duration(from.throttled_ns());
  health.clock_jump = Duration(from.clock_jump_ns());
  if (from.has_ports()) health.ports = from.ports();
  return health;
}

}  // namespace

wire::Snapshot to_message(const reports::Snapshot& snapshot) {
  wire::Snapshot message;
  message.set_sequence(snapshot.sequence);
  message.set_second(snapshot.second);
  for (const reports::LoadSecond& cell : snapshot.cells) put(cell, *message.add_cells());
  put(snapshot.health, *message.mutable_health());
  return message;
}

Result<reports::Snapshot> from_message(const wire::Snapshot& message) {
  reports::Snapshot snapshot;
  snapshot.sequence = message.sequence();
  snapshot.second = message.second();
  for (const wire::SecondCell& cell : message.cells()) {
    auto taken = take(cell);
    if (!taken) return std::move(taken).error().within("snapshot");
    snapshot.cells.push_back(*std::move(taken));
  }
  snapshot.health = take(message.health());
  return snapshot;
}

wire::EventSeen to_message(const reports::Event& event) {
  wire::EventSeen message;
  message.set_at_ns(event.at.count());
  message.set_kind(event.kind);
  message.set_subject(event.subject);
  message.set_detail(event.detail);
  return message;
}

reports::Event from_message(const wire::EventSeen& message, const std::string& agent) {
  return {.at = Duration(message.at_ns()),
          .agent = agent,
          .kind = message.kind(),
          .subject = message.subject(),
          .detail = message.detail()};
}

wire::FaultState to_message(const reports::FaultRecord& fault) {
  wire::FaultState message;
  message.set_label(fault.label);
  message.set_state(static_cast<wire::FaultState::State>(fault.state));
  if (fault.from) message.set_from_ns(fault.from->count());
  if (fault.effective) message.set_effective_ns(fault.effective->count());
  if (fault.to) message.set_to_ns(fault.to->count());
  message.set_asked(fault.asked);
  message.set_seen(fault.seen);
  message.set_error(fault.error);
  message.set_stopped(fault.is_stopped);
  if (fault.survival) {
    wire::Survival& survival = *message.mutable_survival();
    survival.set_connections(fault.survival->connections);
    survival.set_survived(fault.survival->survived);
    survival.set_silent(fault.survival->silent);
    survival.set_longest_gap_ns(fault.survival->longest_gap.count());
    survival.set_mean_gap_ns(fault.survival->mean_gap.count());
    survival.set_rebinds(fault.survival->rebinds);
    survival.set_migrations(fault.survival->migrations);
    survival.set_unanswered(fault.survival->unanswered);
    survival.set_refused(fault.survival->refused);
    survival.set_impossible(fault.survival->impossible);
    survival.set_key_updates(fault.survival->key_updates);
    survival.set_keys_kept(fault.survival->keys_kept);
  }
  return message;
}

reports::FaultRecord from_message(const wire::FaultState& message) {
  reports::FaultRecord fault;
  fault.label = message.label();
  if (wire::FaultState::State_IsValid(message.state())) {
    fault.state = static_cast<reports::FaultRecord::State>(message.state());
  }
  if (message.has_from_ns()) fault.from = Duration(message.from_ns());
  if (message.has_effective_ns()) fault.effective = Duration(message.effective_ns());
  if (message.has_to_ns()) fault.to = Duration(message.to_ns());
  fault.asked = message.asked();
  fault.seen = message.seen();
  fault.error = message.error();
  fault.is_stopped = message.stopped();
  if (message.has_survival()) {
    const wire::Survival& survival = message.survival();
    fault.survival = {.connections = survival.connections(),
                      .survived = survival.survived(),
                      .silent = survival.silent(),
                      .longest_gap = Duration(survival.longest_gap_ns()),
                      .mean_gap = Duration(survival.mean_gap_ns()),
                      .rebinds = survival.rebinds(),
                      .migrations = survival.migrations(),
                      .unanswered = survival.unanswered(),
                      .refused = survival.refused(),
                      .impossible = survival.impossible(),
                      .key_updates = survival.key_updates(),
                      .keys_kept = survival.keys_kept()};
  }
  return fault;
}

}  // namespace squall::control
