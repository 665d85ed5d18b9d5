#include "generators/load/prepared_load.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "generators/schedule/random.h"
#include "generators/spec/recording.h"
#include "harness/base/log.h"
#include "harness/runtime/asio.h"

namespace squall::generators {
namespace {

Error wrong(const std::string& what) { return error(std::errc::invalid_argument, what); }

Result<void> check_target(const TargetSpec& target) {
  if (target.urls.empty()) return wrong("a target without a URL");
  if (target.connections == 0 || target.streams == 0) {
    return wrong("a target without connections or streams");
  }
  if (target.timeout <= Duration::zero()) return wrong("timeout");
  for (const Url& url : target.urls) {
    if (target.protocol == Protocol::kH2 && url.scheme != "https") {
      return wrong("h2 needs https:// URLs");
    }
    if (target.protocol == Protocol::kH3 && url.scheme != "https") {
      return wrong("h3 needs https:// URLs");
    }
    if (target.protocol == Protocol::kH2c && url.scheme != "http") {
      return wrong("h2c needs http:// URLs");
    }
    if (url.scheme != target.urls.front().scheme) return wrong("URLs of different schemes");
  }
  return {};
}

/// Whether connections can be made from these addresses to each host whose addresses are known
/// before the run.
Result<void> check_source(const SourceAddresses& source, const TargetSpec& target) {
  if (source.empty()) return {};
  for (const Url& url : target.urls) {
    const auto entry = target.resolve.find(url.host);
    const std::vector<std::string> hosts =
        entry == target.resolve.end() ? std::vector{url.host} : entry->second;
    const bool is_reached = std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
      boost::system::error_code is_a_name;
      const auto address = asio::ip::make_address(host, is_a_name);
      return is_a_name || source.count(address.is_v6()) > 0;
    });
    if (!is_reached) {
      const std::string as = hosts.front() == url.host ? "" : " as " + hosts.front();
      return wrong("all its addresses are of another family than " + url.host + as);
    }
  }
  return {};
}

Result<void> check_load(const LoadSpec& load) {
  if (load.requests.empty()) return wrong("a load without requests");
  if (load.cookies && load.is_open() && !load.is_flow) {
    return wrong("cookies: an open load without a flow has no users who could keep them");
  }
  return {};
}

/// What the steps of a flow take, each name once.
std::vector<std::string> taken_by(const LoadSpec& load) {
  std::vector<std::string> names;
  for (const RequestSpec& step : load.requests) {
    for (const auto& [name, way] : step.take) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// Reads what is to be replayed: its moments, and its requests.
Result<void> prepare_replay(PreparedLoad& prepared, const LoadSpec& load,
                            const std::vector<Url>& urls, const std::filesystem::path& directory) {
  const auto& replay = std::get<ReplaySpec>(load.schedule);
  if (replay.speed <= 0 || load.is_flow || load.cookies) return wrong("replay");
  SQUALL_TRY(auto read, read_recording(replay, directory));
  if (read.unread > 0) {
    log_warning("load " + load.name + ": " + std::to_string(read.unread) +
                " lines cannot be replayed; the first: " + read.first_unread);
  }
  std::vector<Duration> moments;
  moments.reserve(read.requests.size());
  for (const RecordedRequest& request : read.requests) {
    moments.push_back(due_in_replay(request, replay));
  }
  prepared.moments = std::make_shared<const std::vector<Duration>>(std::move(moments));
  const auto recording = std::make_shared<const Recording>(std::move(read));
  for (const Url& url : urls) {
    SQUALL_TRY(auto request, PreparedRequest::make_replay(recording, load.requests.front(), url));
    prepared.requests.emplace_back().push_back(std::move(request));
  }
  return {};
}

/// Makes the requests ready, and sees of which table each request, or each walk, uses a row alone.
Result<void> prepare_requests(PreparedLoad& prepared, const LoadSpec& load,
                              const std::vector<Url>& urls,
                              const std::filesystem::path& directory) {
  const TextNames names{prepared.tables.get(), load.is_flow ? &prepared.taken : nullptr};
  for (const Url& url : urls) {
    auto& requests = prepared.requests.emplace_back();
    for (const RequestSpec& spec : load.requests) {
      const auto index = static_cast<std::uint32_t>(requests.size());
      SQUALL_TRY(auto request,
                 PreparedRequest::make(spec, url, directory, names, load.cookies, index));
      if (const DataTable* once = request.once()) {
        prepared.uses_rows = true;
        if (load.is_flow && prepared.once != nullptr && prepared.once != once) {
          return wrong("two tables with the order once in one flow");
        }
        if (load.is_flow) prepared.once = once;
      }
      requests.push_back(std::move(request));
    }
  }
  return {};
}

/// What ALPN offers, best first.
std::vector<std::string> offers(Protocol protocol) {
  if (protocol == Protocol::kH1) return {std::string(kAlpnHttp1)};
  if (protocol == Protocol::kH2) return {std::string(kAlpnH2)};
  return {std::string(kAlpnH2), std::string(kAlpnHttp1)};
}

}  // namespace

Result<PreparedLoad> PreparedLoad::make(LoadSpec load, const TargetSpec& target, std::uint64_t seed,
                                        const std::filesystem::path& directory,
                                        std::shared_ptr<const DataTables> tables) {
  if (auto good = check_target(target); !good) {
    return std::move(good).error().within("target " + target.name);
  }
  if (auto good = check_load(load); !good) {
    return std::move(good).error().within("load " + load.name);
  }
  PreparedLoad prepared;
  prepared.seed = derive_seed(seed, load.seed_name());
  prepared.values_seed = derive_seed(prepared.seed, "values");
  auto source = SourceAddresses::make(target.source);
  if (!source) return std::move(source).error().within("target " + target.name + ": source");
  prepared.source = *std::move(source);
  if (auto good = check_source(prepared.source, target); !good) {
    return std::move(good).error().within("target " + target.name + ": source");
  }
  const bool is_https = target.urls.front().scheme == "https";
  if (target.protocol == Protocol::kH3 || (target.protocol == Protocol::kAuto && is_https)) {
    auto quic = QuicTls::make(target.tls, directory);
    if (!quic) return std::move(quic).error().within("target " + target.name);
    prepared.quic = std::make_shared<const QuicTls>(*std::move(quic));
    if (target.quic.qlog) {
      prepared.qlog = std::make_shared<QlogFolder>(directory / *target.quic.qlog);
    }
  }
  if (target.protocol != Protocol::kH3 && is_https) {
    auto tls = TlsContext::make(target.tls, directory, offers(target.protocol));
    if (!tls) return std::move(tls).error().within("target " + target.name);
    prepared.tls = std::make_shared<const TlsContext>(*std::move(tls));
  }
  if (const auto* open = std::get_if<OpenSpec>(&load.schedule)) {
    auto schedule = OpenSchedule::make(open->stages);
    if (!schedule) return std::move(schedule).error().within("load " + load.name);
    prepared.schedule = std::make_shared<const OpenSchedule>(*std::move(schedule));
  }
  prepared.tables = std::move(tables);
  prepared.taken = taken_by(load);
  prepared.keeps_walkers = load.is_flow || load.cookies;
  const bool is_replay = std::holds_alternative<ReplaySpec>(load.schedule);
  auto made = is_replay ? prepare_replay(prepared, load, target.urls, directory)
                        : prepare_requests(prepared, load, target.urls, directory);
  if (!made) {
    return std::move(made).error().within("load " + load.name);
  }
  std::vector<double> weights;
  for (const RequestSpec& spec : load.requests) weights.push_back(spec.weight);
  prepared.mix = RequestMix(weights, prepared.seed);
  prepared.load = std::move(load);
  prepared.target = target;
  return prepared;
}

std::vector<std::string> PreparedLoad::request_names() const {
  std::vector<std::string> names;
  names.reserve(load.requests.size());
  for (const RequestSpec& request : load.requests) names.push_back(request.name);
  return names;
}

}  // namespace squall::generators
