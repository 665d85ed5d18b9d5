#include "generators/schedule/arrival_walk.h"

#include <utility>

#include "generators/schedule/random.h"

namespace squall::generators {

ArrivalWalk::ArrivalWalk(std::shared_ptr<const OpenSchedule> schedule, Arrivals kind,
                         std::uint64_t seed, Slice slice, std::optional<Split> split)
    : schedule_(std::move(schedule)),
      kind_(kind),
      seed_(derive_seed(seed, "arrivals")),
      slice_(std::move(slice)),
      split_(split) {
  find(0);
}

ArrivalWalk::ArrivalWalk(std::shared_ptr<const std::vector<Duration>> moments, Slice slice,
                         std::optional<Split> split)
    : moments_(std::move(moments)), slice_(std::move(slice)), split_(split) {
  find(0);
}

void ArrivalWalk::pop() {
  if (next_) find(index_ + 1);
}

void ArrivalWalk::change(std::shared_ptr<const OpenSchedule> schedule) {
  if (moments_) return;
  schedule_ = std::move(schedule);
  find(sought_);
}

bool ArrivalWalk::is_beyond(std::uint64_t number) const {
  if (moments_) return number >= moments_->size();
  return kind_ == Arrivals::kConstant && number >= schedule_->count();
}

void ArrivalWalk::find(std::uint64_t index) {
  sought_ = index;
  next_.reset();
  std::uint64_t number = slice_.number(index);
  while (split_ && !split_->has(number) && !is_beyond(number)) number = slice_.number(++index);
  index_ = index;
  if (moments_) {
    if (number < moments_->size()) next_ = Arrival{number, (*moments_)[number]};
    return;
  }
  if (kind_ == Arrivals::kConstant) {
    if (number < schedule_->count()) {
      next_ = Arrival{number, schedule_->due(static_cast<long double>(number))};
    }
    return;
  }
  for (; walked_ <= number; ++walked_) {
    reached_ += to_exponential(random_at(seed_, walked_));
  }
  if (reached_ < schedule_->expected()) next_ = Arrival{number, schedule_->due(reached_)};
}

}  // namespace squall::generators
