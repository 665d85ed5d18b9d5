#include <array>

#include "scenarios/plan/phrases.h"

namespace squall::scenarios {
namespace {

/// Pieces with commas between them.
class List {
 public:
  void add(const std::string& piece) { text_ += (text_.empty() ? "" : ", ") + piece; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string size_words(Bytes size) { return number(static_cast<double>(size.count)) + " bytes"; }

std::string delay_words(const faults::Impairment& way) {
  std::string text = "delay " + in_words(way.delay);
  if (way.jitter == Duration::zero()) return text;
  constexpr std::array kDistributions{"", " (normal)", " (pareto)"};
  text += " +/- " + in_words(way.jitter) +
          kDistributions.at(static_cast<std::size_t>(way.distribution));
  return way.in_order ? text : text + " out of order";
}

std::string impairment_words(const faults::Impairment& way) {
  List list;
  if (way.delay > Duration::zero()) list.add(delay_words(way));
  if (way.gilbert_elliott) {
    list.add("loss " + in_words(way.gilbert_elliott->average()) + " in bursts");
  } else if (way.loss.value > 0) {
    list.add("loss " + in_words(way.loss));
  }
  if (way.duplicate.value > 0) list.add("duplicate " + in_words(way.duplicate));
  if (way.corrupt.value > 0) list.add("corrupt " + in_words(way.corrupt));
  if (way.reorder.value > 0) list.add("reorder " + in_words(way.reorder));
  if (way.rate_bits_per_second) list.add("rate " + number(*way.rate_bits_per_second) + " bit/s");
  if (way.queue) list.add("queue " + size_words(*way.queue));
  if (way.mtu) list.add("MTU " + size_words(*way.mtu));
  if (way.slice) {
    list.add("slices of " + size_words(*way.slice) +
             (way.slice_gap > Duration::zero() ? " each " + in_words(way.slice_gap) : ""));
  }
  return list.text();
}

}  // namespace

std::string link_words(const faults::LinkFault& fault) {
  List list;
  const std::string up = impairment_words(fault.up);
  const std::string down = impairment_words(fault.down);
  if (up == down) {
    if (!up.empty()) list.add(up);
  } else {
    if (!up.empty()) list.add("up: " + up);
    if (!down.empty()) list.add("down: " + down);
  }
  if (fault.black_hole) list.add(fault.spares_streams ? "no datagram passes" : "nothing passes");
  if (fault.half_open) list.add("new connections are half open");
  if (fault.refuse) list.add("new connections are refused");
  if (fault.slow_close > Duration::zero()) list.add("ends " + in_words(fault.slow_close) + " late");
  if (fault.reset_after_bytes) list.add("reset after " + size_words(*fault.reset_after_bytes));
  if (fault.reset_after) list.add("reset after " + in_words(*fault.reset_after));
  if (fault.rebind_every) list.add("a new source port every " + in_words(*fault.rebind_every));
  std::string text = "link to target " + fault.target + ": " + list.text();
  text += ", by a relay at " + fault.listen.value_or("a free port of 127.0.0.1");
  return text;
}

}  // namespace squall::scenarios
