#include "generators/load/load_engine.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include <sys/resource.h>

#include "generators/load/descriptors.h"
#include "generators/load/engine_shard.h"
#include "generators/load/prepared_load.h"
#include "generators/load/process_watch.h"
#include "generators/schedule/random.h"
#include "generators/transport/key_log.h"

namespace squall::generators {
namespace {

// For what a program opens besides its connections.
constexpr std::size_t kSpareDescriptors = 128;

/// Makes room for `needed` descriptors; fails when the system does not give as many.
Result<void> allow_descriptors(std::size_t needed) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};  // Then we shall see.
  if (limit.rlim_cur >= needed) return {};
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < needed) {
    return error(std::errc::too_many_files_open, std::to_string(needed) +
                                                     " descriptors are needed, the limit is " +
                                                     std::to_string(limit.rlim_max));
  }
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return error(std::errc::too_many_files_open, "raise the limit of descriptors");
  }
  return {};
}

/// What a load writes down is opened when it is to be offered, not when it is looked at: it must
/// not turn out during the run that nothing can be written.
Result<void> create_files(const PreparedLoad& load) {
  if (load.qlog) {
    if (auto created = load.qlog->create(); !created) {
      return std::move(created).error().within("target " + load.target.name);
    }
  }
  if (load.tls || load.quic) return check_key_log();
  return {};
}

class ShardedEngine final : public LoadEngine {
 public:
  ShardedEngine(std::vector<std::shared_ptr<const PreparedLoad>> loads,
                const EngineOptions& options) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options.shards, 1); ++i) {
      shards_.push_back(std::make_unique<EngineShard>("squall.load." + std::to_string(i)));
    }
    std::size_t next = 0;  // Loads that need few shards begin on different ones.
    for (const auto& load : loads) {
      next = share_out(load, options, next);
      if (load->schedule) paced_.insert(load->load.name);
      names_.insert(load->load.name);
    }
  }

  void start(Instant start) override {
    for (const auto& shard : shards_) shard->start(start);
  }

  Result<void> pace(const std::string& load, Duration at,
                    const std::vector<Stage>& stages) override {
    if (paced_.count(load) == 0) {
      return error(std::errc::invalid_argument, "load " + load + ": there is no rate to change");
    }
    if (auto made = OpenSchedule::make(stages); !made) {
      return std::move(made).error().within("load " + load);
    }
    for (const auto& shard : shards_) shard->pace(load, at, stages);
    return {};
  }

  Result<void> add_users(const std::string& load, Duration at, std::uint64_t count) override {
    const auto found = closed_.find(load);
    if (found == closed_.end()) {
      return error(std::errc::invalid_argument, "load " + load + ": there are no users");
    }
    const std::vector<std::size_t>& offering = found->second;
    for (std::size_t i = 0; i < offering.size(); ++i) {
      shards_[offering[i]]->add_users(load, at, Slice{i, offering.size()}.count_below(count));
    }
    return {};
  }

  void allow_until(Instant moment) override {
    for (const auto& shard : shards_) shard->allow_until(moment);
  }

  bool has_lapsed() const override {
    return std::any_of(shards_.begin(), shards_.end(),
                       [](const auto& shard) { return shard->has_lapsed(); });
  }

  Result<void> disturb(const std::string& load, const Disturbance& what,
                       std::uint64_t seed) override {
    if (names_.count(load) == 0) {
      return error(std::errc::invalid_argument, "load " + load + ": it is not there");
    }
    std::uint64_t number = 0;
    for (const auto& shard : shards_) shard->disturb(load, what, random_at(seed, ++number));
    return {};
  }

  DisturbanceTally calm(const std::string& load) override {
    DisturbanceTally tally;
    for (const auto& shard : shards_) tally.add(shard->calm(load));
    return tally;
  }

  reports::Snapshot collect() override {
    reports::Snapshot snapshot;
    for (const auto& shard : shards_) shard->collect(snapshot.cells, snapshot.health);
    process_.look(snapshot.health);
    return snapshot;
  }

  void stop(Duration drain) override {
    for (const auto& shard : shards_) shard->stop(drain);
  }

  bool is_done() const override {
    return std::all_of(shards_.begin(), shards_.end(),
                       [](const auto& shard) { return shard->is_done(); });
  }

 private:
  std::size_t share_out(const std::shared_ptr<const PreparedLoad>& load,
                        const EngineOptions& options, std::size_t first_shard) {
    const std::size_t connections = load->target.connections;
    const std::size_t used = std::min(shards_.size(), connections);
    const Slice agent = options.slices ? options.slices->at(load->load.name)
                                       : Slice{options.agent_index, options.agent_count};
    const bool is_closed = std::holds_alternative<ClosedSpec>(load->load.schedule);
    for (std::size_t i = 0; i < used; ++i) {
      if (is_closed) closed_[load->load.name].push_back((first_shard + i) % shards_.size());
      LoadPart part;
      part.slice = agent.part(i, used);
      for (const std::size_t connection : connections_of(i, used, connections)) {
        part.places.push_back(connection + agent.number(0));  // Agents begin with other URLs.
      }
      shards_[(first_shard + i) % shards_.size()]->add(load, std::move(part));
    }
    return (first_shard + used) % shards_.size();
  }

  std::vector<std::unique_ptr<EngineShard>> shards_;
  std::set<std::string> paced_;                             // The loads whose rate can be changed,
  std::set<std::string> names_;                             // and all.
  std::map<std::string, std::vector<std::size_t>> closed_;  // Which shards have its users.
  ProcessWatch process_;
};

}  // namespace

Result<std::unique_ptr<LoadEngine>> LoadEngine::make(std::vector<TargetSpec> targets,
                                                     std::vector<LoadSpec> loads,
                                                     EngineOptions options) {
  if (options.agent_count == 0 || options.agent_index >= options.agent_count) {
    return error(std::errc::invalid_argument, "an agent's share");
  }
  SQUALL_TRY(auto read, read_tables(options.data, options.directory, options.seed));
  const auto tables = std::make_shared<const DataTables>(std::move(read));
  std::size_t descriptors = 0;
  std::vector<std::shared_ptr<const PreparedLoad>> prepared;
  for (LoadSpec& load : loads) {
    if (options.slices && !options.slices->contains(load.name)) continue;
    const auto target =
        std::find_if(targets.begin(), targets.end(),
                     [&load](const TargetSpec& known) { return known.name == load.target; });
    if (target == targets.end()) {
      return error(std::errc::invalid_argument,
                   "load " + load.name + ": there is no target " + load.target);
    }
    auto made =
        PreparedLoad::make(std::move(load), *target, options.seed, options.directory, tables);
    if (!made) return std::move(made).error();
    if (auto created = create_files(*made); !created) return std::move(created).error();
    descriptors += descriptors_of(*made, std::max<std::size_t>(options.shards, 1));
    prepared.push_back(std::make_shared<const PreparedLoad>(*std::move(made)));
  }
  if (auto allowed = allow_descriptors(descriptors + kSpareDescriptors); !allowed) {
    return std::move(allowed).error();
  }
  return std::unique_ptr<LoadEngine>(std::make_unique<ShardedEngine>(std::move(prepared), options));
}

}  // namespace squall::generators
