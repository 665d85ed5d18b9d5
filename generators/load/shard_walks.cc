// What a ShardLoad does for loads whose requests know of each other: flows, cookies, rows that are
// used once.
#include <utility>

#include "generators/load/shard_load.h"
#include "harness/base/log.h"

namespace squall::generators {

bool ShardLoad::begin(Job& job) {
  const PreparedLoad& load = *load_;
  const bool is_flow = load.load.is_flow;
  if (is_flow && users_ && walkers_[job.user].walking) return true;
  if (!is_flow && !load.uses_rows) return true;
  if (used_up_) return false;
  if (const DataTable* once = is_flow ? load.once : load.request(job.number, 0).once()) {
    const auto row = rows_.deal(*once);
    if (!row) {
      used_up_ = true;
      if (!load.said->rows_used_up.exchange(true)) {
        log_warning("load " + load.load.name + ": the rows of " + once->name() +
                    " are used up: it ends");
      }
      return false;
    }
    job.row = *row;
  }
  if (!is_flow) return true;
  std::uint64_t walk = job.number;
  if (users_) {
    walk = part_.slice.number(walks_begun_++);
  } else {
    job.number *= load.load.requests.size();  // Each step has a number of its own.
    job.user = walkers_.add();
  }
  walkers_[job.user].begin(walk, job.row, load.taken.size());
  recorder_.flow_begun(job.due);
  return true;
}

const PreparedRequest& ShardLoad::request_of(const Job& job, std::size_t url) {
  if (load_->load.is_flow) return load_->step(walkers_[job.user].step, url);
  return load_->request(job.number, url);
}

std::uint32_t ShardLoad::index_of(const Job& job) {
  if (load_->load.is_flow) return static_cast<std::uint32_t>(walkers_[job.user].step);
  return load_->index_of(job.number);
}

RenderContext ShardLoad::context_of(const Job& job) {
  RenderContext context{load_->values_seed, job.number, job.number, job.row, {}, nullptr};
  if (!load_->keeps_walkers) return context;
  const Walker& walker = walkers_[job.user];
  if (load_->load.is_flow) {
    context.walk = walker.walk;
    context.row = walker.row;
    context.taken = walker.taken;
  }
  if (load_->load.cookies) context.cookies = &walker.cookies;
  return context;
}

/// What follows a request that ended, one way or another: the next step, or a thinking user.
void ShardLoad::go_on_after(const Job& job, bool ok, Instant now) {
  if (load_->load.is_flow) {
    Walker& walker = walkers_[job.user];
    if (!ok) {
      walker.walking = false;
      recorder_.flow_abandoned(now);
    } else if (++walker.step == load_->load.requests.size()) {
      walker.walking = false;
      recorder_.flow_completed(now);
    }
    if (!users_) {
      if (walker.walking && !stopped_ && now < end_) {
        release({now, job.number + 1, job.user, 0});
      } else {
        walkers_.remove(job.user);
      }
    }
  }
  if (users_ && !stopped_) users_->think(job.user, now);
}

/// Keeps what the answer to a request told, for the requests after it.
void ShardLoad::learn(const InFlight& request, bool ok) {
  if (load_->keeps_walkers) walkers_[request.job.user].learn(request);
  if (ok || load_->said->take_failed) return;
  const std::string why = request.answer->why();
  if (why.empty() || load_->said->take_failed.exchange(true)) return;
  const std::string& name = load_->load.requests.at(request.index).name;
  log_warning("load " + load_->load.name + ": the first answer that is not as expected" +
              (name.empty() ? ": " : ", to " + name + ": ") + why);
}

}  // namespace squall::generators
