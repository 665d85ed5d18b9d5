#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace squall::agent {

/// Why a fault is undone.
enum class WhyUndone { kItsEnd, kOperator, kRunIsOver };

/// Faults that take their time to come or to go, each on a thread of its own from its first change
/// to the last look at what is left, so that none delays what is due of another.
///
/// One that comes waits for those in its place that have been told to end: of two that follow each
/// other there the earlier has left before the later begins. One without a `leave` has left when it
/// is over. What is told to end while it waits never begins.
///
/// Lifecycle:  (begin → end)* → end_all → wait. The destructor does the last two.
/// Threads:    one owner; what is given to begin() is called on a thread of the fault's.
/// Errors:     none of its own.
class FaultThreads {
 public:
  using Apply = std::function<void()>;
  using Undo = std::function<void(WhyUndone)>;
  /// What is done of one fault. `leave` and `undo` are called once `apply` has returned and end()
  /// was called, on the same thread; or `miss` instead of all, when it was told to end before it
  /// could begin.
  struct Course {
    Apply apply;
    Undo undo;
    Undo miss;
    Apply leave = nullptr;   ///< Gives its place to the next, though it is not undone yet.
    bool is_moment = false;  ///< It ends as it comes, so it comes unless the run is over.
    /// Those of one turn come and go one at a time, in the order in which they were told to, and
    /// come though their end is due already. With no name nobody is waited for.
    std::string turn = {};
  };

  FaultThreads() = default;
  ~FaultThreads();
  FaultThreads(const FaultThreads&) = delete;
  FaultThreads& operator=(const FaultThreads&) = delete;

  /// In a place of no name nobody waits for anybody.
  void begin(const std::string& label, const std::string& place, Course course);
  /// Returns at once; false when no such fault has begun that was not told to end.
  bool end(const std::string& label, WhyUndone why);
  void end_all(WhyUndone why);
  /// Waits until all that were told to end are over.
  void wait();
  /// True when none has begun that was not told to end.
  bool is_empty() const { return in_force_.empty(); }
  /// True when all that have begun are over. Any thread.
  bool is_idle() const { return under_way_ == 0; }

 private:
  /// Who is let in, one after the other, by number.
  struct Turn {
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t given = 0;
    std::uint64_t over = 0;

    std::uint64_t take();
    void wait_for(std::uint64_t number);
    void pass();
  };
  /// What one is told with its end.
  struct End {
    WhyUndone why = WhyUndone::kItsEnd;
    std::uint64_t number = 0;  ///< In its turn.
  };
  struct One {
    std::string place;
    std::shared_ptr<Turn> turn;  ///< Null: none.
    std::promise<End> end;
    std::shared_future<void> left;  ///< Its place.
    std::shared_future<void> over;
    std::thread thread;
  };
  std::shared_ptr<Turn> turn_of(const std::string& name);
  static void run(const Course& course, const std::shared_ptr<Turn>& turn, std::uint64_t number,
                  const std::shared_future<End>& end, std::promise<void>& left);
  void end(One one, WhyUndone why);
  void forget_those_that_are_over();

  std::atomic<std::size_t> under_way_ = 0;
  std::map<std::string, One> in_force_;  // By label.
  std::map<std::string, std::shared_ptr<Turn>> turns_;
  std::vector<One> ending_;
};

}  // namespace squall::agent
