#include "harness/cli/interrupts.h"

#include <csignal>
#include <ctime>
#include <utility>

#include <pthread.h>

namespace squall::cli {
namespace {

/// What nohup has told us to ignore stays ignored. Not SIGINT: a shell without job control ignores
/// it for all that it starts with `&`, and then nothing but SIGTERM would end a run in order.
bool is_ignored(int signal) {
  if (signal == SIGINT) return false;
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&signals, signal);
  }
  return signals;
}

}  // namespace

void Interrupts::block() {
  const sigset_t signals = watched();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGINT, SIG_DFL);  // One that is ignored may never be queued, though it is blocked.
}

void Interrupts::unblock() {
  const sigset_t signals = watched();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

Interrupts::Interrupts(std::function<void(int)> heard)
    : heard_(std::move(heard)), listener_([this] {
        const sigset_t signals = watched();
        constexpr timespec kLook = {.tv_sec = 0, .tv_nsec = 100'000'000};
        while (!stopping_) {
          const int signal = sigtimedwait(&signals, nullptr, &kLook);
          if (signal > 0) heard_(signal);
        }
      }) {}

Interrupts::~Interrupts() {
  stopping_ = true;
  listener_.join();
}

}  // namespace squall::cli
