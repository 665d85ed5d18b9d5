#include <array>
#include <cstdio>

#include "faults/network/network_plan.h"

namespace squall::faults {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

std::string ms(Duration length) { return number(to_milliseconds(length)) + "ms"; }
std::string percent(double share) { return number(share * 100) + "%"; }

}  // namespace

std::string describe_effect(const NetworkFault& fault) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  const auto share = [](const Share& one) { return number(one.value * 100) + " %"; };
  if (fault.delay) add("delay " + number(to_milliseconds(*fault.delay)) + " ms");
  if (fault.jitter) add("jitter " + number(to_milliseconds(*fault.jitter)) + " ms");
  if (fault.loss) add("loss " + share(*fault.loss));
  if (fault.loss_every) add("loss of every " + std::to_string(*fault.loss_every) + "th packet");
  if (fault.gilbert_elliott) add("loss in bursts " + share(fault.gilbert_elliott->average()));
  if (fault.duplicate) add("duplicate " + share(*fault.duplicate));
  if (fault.corrupt) add("corrupt " + share(*fault.corrupt));
  if (fault.reorder) add("reorder " + share(*fault.reorder));
  if (fault.rate_bits_per_second) add("rate " + number(*fault.rate_bits_per_second) + " bit/s");
  if (fault.partition) add("partition");
  if (fault.reject) add("reject with " + *fault.reject);
  return text;
}

std::string netem_words(const NetworkFault& fault, const Netem& netem) {
  std::string text = "limit " + std::to_string(netem.limit);
  if (fault.delay) text += " delay " + ms(netem.delay);
  if (fault.jitter) {
    constexpr std::array kNames{"", " distribution normal", " distribution pareto"};
    text += " " + ms(netem.jitter) + kNames.at(static_cast<std::size_t>(fault.distribution));
    if (netem.in_order) text += " rate 8796gbit";  // Which is what keeps their order.
  }
  if (const auto& chain = netem.chain) {
    text += " loss gemodel " + percent(chain->to_bad) + " " + percent(chain->to_good) + " " +
            percent(chain->loss_bad) + " " + percent(chain->loss_good);
  }
  if (netem.duplicate > 0) text += " duplicate " + percent(netem.duplicate);
  if (netem.corrupt > 0) text += " corrupt " + percent(netem.corrupt);
  if (netem.reorder > 0) text += " reorder " + percent(netem.reorder) + " gap 1";
  return text;
}

}  // namespace squall::faults
