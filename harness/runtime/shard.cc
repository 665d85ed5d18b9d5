#include "harness/runtime/shard.h"

#include <csignal>
#include <ctime>
#include <utility>

#include <pthread.h>
#include <sys/prctl.h>

namespace squall {
namespace {

thread_local Instant awake = Instant::max();
thread_local bool has_slept = false;  // Since `awake` was last told.

}  // namespace

Shard::Shard(std::string name) : name_(std::move(name)), work_(context_.get_executor()) {}

Shard::~Shard() {
  let_end();
  join();
}

void Shard::start() {
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    for (const int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, fatal);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());  // The kernel's limit.
    run();
  });
}

void Shard::run() {
  // As context_.run(), but with a mark where nothing is left to do. The moment of waking is noted
  // by the first handler that asks for it, lest it sees the one before.
  has_slept = true;
  do {
    context_.poll();
    while (has_rested()) {
    }
    has_slept = true;
  } while (context_.run_one() > 0);
}

/// Rests, if that is the policy, and does what has come up meanwhile. False when the next event is
/// to be waited for.
bool Shard::has_rested() {
  const Duration pause = policy_ == nullptr ? Duration::zero() : policy_->rest();
  if (pause <= Duration::zero()) return false;
  // What arrives from here on waits for us.
  awake = std::chrono::steady_clock::now();
  has_slept = false;
  const timespec length{0, static_cast<long>(pause.count())};
  nanosleep(&length, nullptr);
  const bool looks_again = policy_->on_rested();
  return context_.poll() > 0 || looks_again;
}

void Shard::let_end() { work_.reset(); }

void Shard::join() {
  if (thread_.joinable()) thread_.join();
}

Instant Shard::awake_since() {
  if (has_slept) {
    has_slept = false;
    awake = std::chrono::steady_clock::now();
  }
  return awake;
}

Duration Shard::cpu_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace squall
