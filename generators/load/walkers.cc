#include "generators/load/walkers.h"

#include <chrono>

namespace squall::generators {

void Walker::begin(std::uint64_t number, std::uint32_t own_row, std::size_t slots) {
  walk = number;
  row = own_row;
  step = 0;
  walking = true;
  taken.resize(slots);
  for (std::string& value : taken) value.clear();
}

void Walker::learn(const InFlight& request) {
  const PreparedRequest& asked = *request.request;
  if (asked.needs_status_only()) return;
  AnswerReader& answer = *request.answer;
  for (std::size_t i = 0; i < asked.takes().size(); ++i) {
    taken[asked.takes()[i].slot()].swap(answer.taken()[i]);
  }
  if (answer.cookies().empty()) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string_view path = PreparedRequest::path_of(*request.rendered);
  for (const std::string& cookie : answer.cookies()) {
    cookies.set(cookie, asked.host(), path, asked.is_secure(), now);
  }
}

std::uint32_t Walkers::add() {
  if (free_.empty()) {
    walkers_.emplace_back();
    return static_cast<std::uint32_t>(walkers_.size() - 1);
  }
  const std::uint32_t walker = free_.back();
  free_.pop_back();
  return walker;
}

void Walkers::remove(std::uint32_t walker) {
  (*this)[walker].cookies.clear();
  (*this)[walker].walking = false;
  free_.push_back(walker);
}

}  // namespace squall::generators
