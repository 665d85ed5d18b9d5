#include <array>
#include <string_view>

#include "faults/network/network_plan.h"
#include "faults/network/tc_words.h"
#include "harness/base/number_text.h"

namespace squall::faults {
namespace {

std::string ms(Duration length) { return exact(to_milliseconds(length)) + "ms"; }
std::string percent(double share) { return exact(share * 100) + "%"; }

std::string line_to_put_root(const std::string& device, const RootBefore& root) {
  const std::string line = "tc qdisc replace dev " + device + " root handle " +
                           handle_text(root.handle) + " " + root.kind;
  const auto words = qdisc_words(root.kind, root.options);
  if (!words) return line + std::string(kUnsaid);
  return line + (words->empty() ? "" : " " + *words);
}

}  // namespace

std::string for_shell(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/@%+=,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::vector<std::string> undo_lines(const NetworkUndo& undo, const NftTable& table,
                                    bool leaves_root) {
  // The table tells whose all is, so it goes last.
  const std::string name = "table " + table.family + " " + table.name;
  std::vector<std::string> lines{"nft flush " + name};
  const std::string device = for_shell(undo.interface_name);
  if (undo.ifb) lines.push_back("ip link delete " + *undo.ifb);
  if (leaves_root) {
    for (const std::uint32_t handle : undo.classes) {
      lines.push_back("tc class delete dev " + device + " classid " + handle_text(handle));
    }
  } else if (undo.root && undo.root->handle == 0) {
    lines.push_back("tc qdisc delete dev " + device + " root handle " + handle_text(kOurRoot));
  } else if (undo.root) {
    lines.push_back(line_to_put_root(device, *undo.root));
    for (const TreePart& part : undo.root->tree) {
      if (!comes_by_itself(part)) lines.push_back(line_to_put(device, part));
    }
  }
  lines.push_back("nft delete " + name);
  return lines;
}

std::string describe_effect(const NetworkFault& fault) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  const auto share = [](const Share& one) { return exact(one.value * 100) + " %"; };
  if (fault.delay) add("delay " + exact(to_milliseconds(*fault.delay)) + " ms");
  if (fault.jitter) add("jitter " + exact(to_milliseconds(*fault.jitter)) + " ms");
  if (fault.loss) add("loss " + share(*fault.loss));
  if (fault.loss_every) add("loss of every " + std::to_string(*fault.loss_every) + "th packet");
  if (fault.gilbert_elliott) add("loss in bursts " + share(fault.gilbert_elliott->average()));
  if (fault.duplicate) add("duplicate " + share(*fault.duplicate));
  if (fault.corrupt) add("corrupt " + share(*fault.corrupt));
  if (fault.reorder) add("reorder " + share(*fault.reorder));
  if (fault.rate_bits_per_second) add("rate " + exact(*fault.rate_bits_per_second) + " bit/s");
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
