#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::coordinator {

/// What a run is told while it goes on: `squall ctl`.
struct LiveOrder {
  enum class Kind { kRate, kPause, kResume, kStopFault };
  Kind kind = Kind::kPause;
  std::string load = {};   ///< Of kRate.
  Rate rate = {};          ///< Of kRate.
  std::string fault = {};  ///< Of kStopFault.
  bool operator==(const LiveOrder&) const = default;
};

/// "rate browse 2000/s", "pause", "resume", "fault stop lossy-uplink"; the error's trail says what
/// was expected.
Result<LiveOrder> parse_live_order(std::string_view text);

/// Begins an answer to an order that was obeyed, of which there is more to say.
inline constexpr std::string_view kObeyed = "obeyed: ";

/// The orders that others put into a run's folder, and where they are answered. Whoever may write
/// into the folder may give them, as with `squall stop`: each is a line of the file `orders`, and
/// each answer a line of `answers`, which begins with the number of the order's first byte.
///
/// Lifecycle:  made when the run begins, which does away with what an earlier one left → take and
///             answer → destroyed, which takes both files away.
/// Threads:    one owner at a time.
/// Errors:     what cannot be read is no order; what cannot be answered is not.
class LiveOrders {
 public:
  struct Asked {
    std::size_t number = 0;
    std::string text;
  };

  explicit LiveOrders(std::filesystem::path folder);
  LiveOrders(const LiveOrders&) = delete;
  LiveOrders& operator=(const LiveOrders&) = delete;
  ~LiveOrders();

  /// Those that are new, whole lines only.
  std::vector<Asked> take();
  void answer(const Asked& asked, std::string_view words);

 private:
  std::filesystem::path folder_;
  std::size_t read_ = 0;  // Bytes of the file.
};

/// Gives an order to the run in this folder, and waits for what it answers: "" when it was obeyed,
/// or what begins with kObeyed; else why not. Fails when no run is going on, or it does not answer
/// within `patience`.
Result<std::string> give_order(const std::filesystem::path& folder, const std::string& text,
                               Duration patience);

}  // namespace squall::coordinator
