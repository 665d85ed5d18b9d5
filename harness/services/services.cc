#include "harness/services/services.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <future>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/unique_fd.h"
#include "harness/services/instance.h"
#include "harness/services/ready_check.h"

namespace squall::services {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Reply = std::shared_ptr<std::promise<Result<void>>>;

constexpr Duration kFirstRestartPause = 100ms;
constexpr Duration kLongestRestartPause = 5s;
constexpr Duration kStaysUpFrom = 10s;  // Whoever ran so long has not failed to start.
constexpr int kKillAttempts = 3;
constexpr int kLongestWait = 1000;  // Milliseconds: a wake-up that got lost costs no more.

std::string in_milliseconds(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) +
         " ms";
}

/// An instance and where it is in its life.
struct Slot {
  enum class Stage {
    kDown,      ///< No process, and none wanted.
    kStarting,  ///< Runs, and is not ready yet.
    kUp,        ///< Runs and is ready.
    kPausing,   ///< Ended; starts again at `due`.
    kStopping,  ///< Asked to end; is killed at `due`.
  };

  explicit Slot(Instance one) : instance(std::move(one)) {}

  Instance instance;
  Stage stage = Stage::kDown;
  Instant due;
  std::uint64_t starts = 0;
  std::uint64_t failures = 0;  ///< Ends in a row without having stayed up.
  int kills = 0;
  Instant started;
  Instant up_since;
  Instant ended;
  bool start_again = false;  ///< When it has stopped.
  Reply restarted;           ///< Someone waits for it to be ready again.
  std::unique_ptr<ReadyCheck> check;
};

void answer(Reply& reply, Result<void> result) {
  if (auto waiting = std::exchange(reply, nullptr)) waiting->set_value(std::move(result));
}

}  // namespace

Duration restart_pause(std::uint64_t attempt) {
  Duration pause = kFirstRestartPause;
  for (std::uint64_t at = 1; at < attempt && pause < kLongestRestartPause; ++at) pause *= 2;
  return std::min(pause, kLongestRestartPause);
}

/// The thread that owns the processes. All that is not under "any thread" runs on it.
class Services::Watcher {
 public:
  Watcher(std::vector<scenarios::ServiceSpec> specs, faults::Journal& journal,
          faults::ProcessTable& table, Fetch fetch, OnServiceEvent on_event)
      : specs_(std::move(specs)),
        journal_(journal),
        table_(table),
        fetch_(std::move(fetch)),
        on_event_(std::move(on_event)) {}

  Result<void> set_up(const ServicesOptions& options) {
    const auto logs = options.run_directory / "services";
    std::error_code trouble;
    std::filesystem::create_directories(logs, trouble);
    if (trouble) return Error{trouble, "make the directory " + logs.string()};
    for (const scenarios::ServiceSpec& spec : specs_) {
      for (std::uint64_t number = 1; number <= spec.count; ++number) {
        SQUALL_TRY(auto instance, Instance::make(spec, number, options.directory, logs));
        slots_.emplace_back(std::move(instance));
      }
    }
    SQUALL_TRY(const auto all, table_.list());
    for (const faults::ProcessInfo& one : all) {
      if (one.parent == ::getpid()) children_before_.push_back(one.id.pid);
    }
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
      return error(static_cast<std::errc>(errno), "become a child subreaper");
    }
    wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_) return error(static_cast<std::errc>(errno), "make an eventfd");
    run();
    return {};
  }

  ~Watcher() {
    if (!thread_.joinable()) return;
    post([this] { quit_ = true; });
    thread_.join();
  }

  // Any thread.

  /// Has `work` done on the watcher's thread and waits for its answer.
  Result<void> call(const std::function<void(Reply)>& work) {
    const auto reply = std::make_shared<std::promise<Result<void>>>();
    auto result = reply->get_future();
    post([work, reply] { work(reply); });
    return result.get();
  }

  void post(std::function<void()> work) {
    {
      const std::scoped_lock lock(mutex_);
      posted_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }

  std::vector<faults::ServiceProcess> processes() const {
    const std::scoped_lock lock(mutex_);
    return published_;
  }

  // The watcher's thread.

  void start_all(Reply reply) {
    starting_ = std::move(reply);
    for (Slot& slot : slots_) {
      if (!failure_) begin(slot);
    }
    see_whether_all_is_said();
  }

  void restart(const std::string& service, std::uint64_t number, Reply reply) {
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return slot.instance.spec().name == service && slot.instance.number() == number;
    });
    const std::string name = service + "." + std::to_string(number);
    if (found == slots_.end()) {
      return reply->set_value(
          error(std::errc::invalid_argument, "restart: there is no service " + name));
    }
    if (stopping_all_) {
      return reply->set_value(error(std::errc::operation_canceled, "restart service " + name));
    }
    answer(found->restarted, error(std::errc::operation_canceled, "restart service " + name));
    found->restarted = std::move(reply);
    if (found->instance.has_process()) {
      stop(*found);
      found->start_again = true;
    } else {
      found->ended = Clock::now();
      begin(*found);
    }
  }

  void stop_all(Reply reply) {
    stopped_.push_back(std::move(reply));
    stop_all();
    see_whether_all_is_said();
  }

 private:
  void run() {
    // Signals to this process are for its main thread.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] {
      while (!quit_) {
        wait();
        do_what_was_posted();
        for (Slot& slot : slots_) look_after(slot);
        see_whether_all_is_said();
      }
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void wait() {
    std::vector<pollfd> descriptors{{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    std::optional<Instant> due;
    for (const Slot& slot : slots_) {
      if (slot.instance.has_process()) {
        descriptors.push_back({.fd = slot.instance.pidfd(), .events = POLLIN, .revents = 0});
      }
      const bool is_timed =
          slot.stage == Slot::Stage::kPausing || slot.stage == Slot::Stage::kStopping;
      if (is_timed && (!due || slot.due < *due)) due = slot.due;
    }
    int limit = kLongestWait;
    if (due) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now());
      limit = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongestWait));
    }
    ::poll(descriptors.data(), descriptors.size(), limit);  // A failure is one idle round.
  }

  void do_what_was_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    std::vector<std::function<void()>> work;
    {
      const std::scoped_lock lock(mutex_);
      work.swap(posted_);
    }
    for (const auto& one : work) one();
  }

  void look_after(Slot& slot) {
    if (slot.instance.has_process()) {
      pollfd process{.fd = slot.instance.pidfd(), .events = POLLIN, .revents = 0};
      if (::poll(&process, 1, 0) > 0) return has_ended(slot);
    }
    if (Clock::now() < slot.due) return;
    if (slot.stage == Slot::Stage::kPausing) begin(slot);
    if (slot.stage == Slot::Stage::kStopping) kill(slot);
  }

  void begin(Slot& slot) {
    ++slot.starts;
    slot.kills = 0;
    slot.started = Clock::now();
    slot.check.reset();
    if (auto started = slot.instance.start(journal_, table_); !started) {
      slot.ended = slot.starts == 1 ? slot.started : slot.ended;
      return did_not_come_up(slot, std::move(started).error());
    }
    slot.stage = Slot::Stage::kStarting;
    publish();
    tell("service.started", slot, "pid " + std::to_string(slot.instance.id().pid));
    const auto& ready = slot.instance.spec().ready;
    if (!ready) return is_ready(slot);
    const auto still = [this, &slot, start = slot.starts](auto then) {
      post([this, &slot, start, then = std::move(then)] {
        if (slot.starts == start && slot.stage == Slot::Stage::kStarting) then();
      });
    };
    slot.check = std::make_unique<ReadyCheck>(
        ReadyCheck::Asking{slot.instance.ready_url(), ready->status, ready->within, fetch_,
                           [this, &slot, still] { still([this, &slot] { is_ready(slot); }); },
                           [this, &slot, still](const std::string& seen) {
                             still([this, &slot, seen] { is_late(slot, seen); });
                           }});
  }

  void is_ready(Slot& slot) {
    slot.stage = Slot::Stage::kUp;
    slot.check.reset();
    slot.up_since = Clock::now();
    if (slot.starts == 1) {
      tell("service.ready", slot, "after " + in_milliseconds(slot.up_since - slot.started));
    } else {
      tell("service.restarted", slot,
           "start " + std::to_string(slot.starts) + "; ready again " +
               in_milliseconds(slot.up_since - slot.ended) + " after it ended");
    }
    answer(slot.restarted, {});
  }

  void is_late(Slot& slot, const std::string& seen) {
    const auto& ready = *slot.instance.spec().ready;
    const std::string url = slot.instance.ready_url();
    const std::string answer_of_url = seen.starts_with(url) ? seen : url + ": " + seen;
    Error late =
        error(std::errc::timed_out, "service " + slot.instance.name() + " was not ready within " +
                                        in_milliseconds(ready.within) + " (" + answer_of_url + ")" +
                                        slot.instance.last_words());
    if (starting_) return fail(late);
    tell("note", slot, late.trail);
    answer(slot.restarted, std::move(late));
  }

  void has_ended(Slot& slot) {
    const Slot::Stage stage = slot.stage;
    slot.ended = Clock::now();
    slot.check.reset();
    const auto words = slot.instance.reap(journal_, table_);
    publish();
    if (!words) keep_residue(slot, words.error());
    std::string how = words ? *words : "ended";
    if (end_what_went_into_the_background() && !how.ends_with(kWentIntoTheBackground)) {
      how += kWentIntoTheBackground;
    }

    slot.stage = Slot::Stage::kDown;
    if (stage == Slot::Stage::kStopping) {
      tell("service.stopped", slot, how);
      if (std::exchange(slot.start_again, false) && !stopping_all_) begin(slot);
      return;
    }
    if (stage == Slot::Stage::kStarting) {
      return did_not_come_up(slot, error(std::errc::operation_canceled,
                                         "service " + slot.instance.name() + " " + how +
                                             " before it was ready" + slot.instance.last_words()));
    }
    if (slot.ended - slot.up_since >= kStaysUpFrom) slot.failures = 0;
    start_again_or_not(slot, how);
  }

  /// It ended before it was ready, or could not even be started.
  void did_not_come_up(Slot& slot, const Error& why) {
    slot.stage = Slot::Stage::kDown;
    if (starting_) {
      tell("service.exited", slot, why.message());
      return fail(why);
    }
    answer(slot.restarted, why);
    start_again_or_not(slot, why.message());
  }

  void start_again_or_not(Slot& slot, const std::string& how) {
    if (stopping_all_ || slot.instance.spec().restart != scenarios::ServiceSpec::Restart::kAlways) {
      return tell("service.exited", slot, how);
    }
    const Duration pause = restart_pause(++slot.failures);
    slot.stage = Slot::Stage::kPausing;
    slot.due = Clock::now() + pause;
    tell("service.exited", slot, how + "; starts again in " + in_milliseconds(pause));
  }

  /// Going into the background would take a process out of sight: it comes to us as a child.
  /// True when there was something.
  bool end_what_went_into_the_background() {
    std::vector<pid_t> living;
    for (const Slot& slot : slots_) {
      if (slot.instance.has_process()) living.push_back(slot.instance.id().pid);
    }
    const auto strays = end_strays(table_, children_before_, living);
    if (!strays) {
      if (!residue_) residue_ = strays.error();
      return false;
    }
    return !(*strays).empty();
  }

  void fail(const Error& why) {
    if (!failure_) failure_ = why;
    stop_all();
  }

  void stop_all() {
    stopping_all_ = true;
    for (Slot& slot : slots_) {
      slot.start_again = false;
      answer(slot.restarted,
             error(std::errc::operation_canceled, "restart service " + slot.instance.name()));
      if (slot.stage == Slot::Stage::kPausing) slot.stage = Slot::Stage::kDown;
      stop(slot);
    }
  }

  void stop(Slot& slot) {
    if (!slot.instance.has_process() || slot.stage == Slot::Stage::kStopping) return;
    slot.check.reset();
    slot.instance.ask_to_end(table_);
    slot.stage = Slot::Stage::kStopping;
    slot.due = Clock::now() + slot.instance.spec().stop_within;
  }

  void kill(Slot& slot) {
    const auto killed = slot.instance.kill(table_);
    if (killed) {  // Its pidfd tells at once.
      slot.due = Clock::now() + 1s;
    } else if (++slot.kills >= kKillAttempts) {
      keep_residue(slot, killed.error());
      slot.instance.abandon();
      slot.stage = Slot::Stage::kDown;
      publish();
    }
  }

  void keep_residue(const Slot& slot, const Error& residue) {
    tell("note", slot, residue.message());
    if (!residue_) residue_ = residue;
  }

  void see_whether_all_is_said() {
    const auto all_are = [this](Slot::Stage stage) {
      return std::all_of(slots_.begin(), slots_.end(),
                         [stage](const Slot& slot) { return slot.stage == stage; });
    };
    if (starting_ && !stopping_all_ && all_are(Slot::Stage::kUp)) answer(starting_, {});
    if (!stopping_all_ || !all_are(Slot::Stage::kDown)) return;
    end_what_went_into_the_background();
    answer(starting_, failure_ ? *failure_ : error(std::errc::operation_canceled, "start"));
    for (Reply& reply : std::exchange(stopped_, {})) {
      answer(reply, residue_ ? Result<void>(*residue_) : Result<void>());
    }
  }

  void publish() {
    std::vector<faults::ServiceProcess> now;
    for (const Slot& slot : slots_) {
      if (!slot.instance.has_process()) continue;
      now.push_back({slot.instance.spec().name, slot.instance.number(), slot.instance.id()});
    }
    const std::scoped_lock lock(mutex_);
    published_ = std::move(now);
  }

  void tell(const std::string& kind, const Slot& slot, const std::string& detail) {
    if (on_event_) on_event_({kind, slot.instance.name(), detail});
  }

  const std::vector<scenarios::ServiceSpec> specs_;
  faults::Journal& journal_;
  faults::ProcessTable& table_;
  const Fetch fetch_;
  const OnServiceEvent on_event_;
  std::vector<pid_t> children_before_;
  UniqueFd wake_;

  mutable std::mutex mutex_;  // Guards these two.
  std::vector<std::function<void()>> posted_;
  std::vector<faults::ServiceProcess> published_;

  // Only for the watcher's thread, once that runs.
  std::vector<Slot> slots_;
  Reply starting_;              // Someone waits for all to be up.
  std::vector<Reply> stopped_;  // They wait for all to be down.
  std::optional<Error> failure_;
  std::optional<Error> residue_;
  bool stopping_all_ = false;
  bool quit_ = false;

  std::thread thread_;
};

Services::Services(std::unique_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}

Services::~Services() {
  if (const auto stopped = stop_all(); !stopped) log_error(stopped.error().message());
}

Result<std::unique_ptr<Services>> Services::make(std::vector<scenarios::ServiceSpec> specs,
                                                 ServicesOptions options, faults::Journal& journal,
                                                 faults::ProcessTable& table, Fetch fetch,
                                                 OnServiceEvent on_event) {
  auto watcher = std::make_unique<Watcher>(std::move(specs), journal, table, std::move(fetch),
                                           std::move(on_event));
  if (auto set_up = watcher->set_up(options); !set_up) return std::move(set_up).error();
  return std::unique_ptr<Services>(new Services(std::move(watcher)));
}

Result<void> Services::start_all() {
  return watcher_->call([this](Reply reply) { watcher_->start_all(std::move(reply)); });
}

Result<void> Services::restart(const std::string& service, std::uint64_t instance) {
  return watcher_->call(
      [&, this](Reply reply) { watcher_->restart(service, instance, std::move(reply)); });
}

Result<void> Services::stop_all() {
  return watcher_->call([this](Reply reply) { watcher_->stop_all(std::move(reply)); });
}

std::vector<faults::ServiceProcess> Services::processes() const { return watcher_->processes(); }

}  // namespace squall::services
