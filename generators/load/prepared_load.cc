#include "generators/load/prepared_load.h"

#include <cstdint>
#include <string>
#include <utility>

#include "generators/schedule/random.h"

namespace squall::generators {
namespace {

Error not_yet(const std::string& what) { return error(std::errc::not_supported, what); }
Error wrong(const std::string& what) { return error(std::errc::invalid_argument, what); }

Result<void> check_target(const TargetSpec& target) {
  if (target.protocol != Protocol::kH2 && target.protocol != Protocol::kH2c) {
    return not_yet("protocols other than h2 and h2c");
  }
  if (target.urls.empty()) return wrong("a target without a URL");
  if (target.connections == 0 || target.streams == 0) {
    return wrong("a target without connections or streams");
  }
  if (target.timeout <= Duration::zero()) return wrong("timeout");
  const std::string_view scheme = target.protocol == Protocol::kH2 ? "https" : "http";
  for (const Url& url : target.urls) {
    if (url.scheme != scheme) {
      return wrong(std::string(target.protocol == Protocol::kH2 ? "h2" : "h2c") + " needs " +
                   std::string(scheme) + ":// URLs");
    }
  }
  return {};
}

Result<void> check_load(const LoadSpec& load) {
  if (load.is_flow) return not_yet("flow");
  if (load.requests.empty()) return wrong("a load without requests");
  return {};
}

}  // namespace

Result<PreparedLoad> PreparedLoad::make(LoadSpec load, const TargetSpec& target, std::uint64_t seed,
                                        const std::filesystem::path& directory) {
  if (auto good = check_target(target); !good) {
    return std::move(good).error().within("target " + target.name);
  }
  if (auto good = check_load(load); !good) {
    return std::move(good).error().within("load " + load.name);
  }
  PreparedLoad prepared;
  prepared.seed = derive_seed(seed, load.name);
  prepared.values_seed = derive_seed(prepared.seed, "values");
  auto source = SourceAddresses::make(target.source);
  if (!source) return std::move(source).error().within("target " + target.name + ": source");
  prepared.source = *std::move(source);
  if (target.protocol == Protocol::kH2) {
    auto tls = TlsContext::make(target.tls, directory, {"h2"});
    if (!tls) return std::move(tls).error().within("target " + target.name);
    prepared.tls = std::make_shared<const TlsContext>(*std::move(tls));
  }
  if (const auto* open = std::get_if<OpenSpec>(&load.schedule)) {
    auto schedule = OpenSchedule::make(open->stages);
    if (!schedule) return std::move(schedule).error().within("load " + load.name);
    prepared.schedule = std::make_shared<const OpenSchedule>(*std::move(schedule));
  }
  for (const Url& url : target.urls) {
    auto& requests = prepared.requests.emplace_back();
    for (const RequestSpec& spec : load.requests) {
      const auto index = static_cast<std::uint32_t>(requests.size());
      auto request = PreparedRequest::make(spec, url, directory, index);
      if (!request) return std::move(request).error().within("load " + load.name);
      requests.push_back(*std::move(request));
    }
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
