#include "reports/measure/event_log.h"

namespace squall::reports {

void EventLog::put(Instant when, std::string kind, std::string subject, std::string detail) {
  Event event{.at = {},
              .agent = {},
              .kind = std::move(kind),
              .subject = std::move(subject),
              .detail = std::move(detail)};
  if (!start_) {
    undated_.emplace_back(when, std::move(event));
    return;
  }
  event.at = when - *start_;
  dated_.push_back(std::move(event));
}

void EventLog::date_from(Instant start) {
  start_ = start;
  for (auto& [when, event] : undated_) {
    event.at = when - start;
    dated_.push_back(std::move(event));
  }
  undated_.clear();
}

}  // namespace squall::reports
