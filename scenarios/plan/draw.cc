#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "faults/spec/signals.h"
#include "scenarios/plan/canvas.h"
#include "scenarios/plan/phrases.h"
#include "scenarios/plan/plan.h"

namespace squall::scenarios {
namespace {

constexpr std::size_t kChartRows = 12;
constexpr std::size_t kRowsPerLabel = 3;
constexpr std::size_t kFewestColumns = 40;
constexpr std::size_t kMostColumns = 400;
constexpr std::size_t kLongestLabel = 20;
constexpr std::size_t kMostBands = 40;         // Of loads, and of faults.
constexpr std::size_t kMostApplications = 10;  // Listed of one fault that repeats.
constexpr std::size_t kMostPhases = 40;
constexpr std::uint64_t kMostInstances = 4;  // Listed of one service.

/// The characters to draw with.
struct Brush {
  std::vector<std::string_view> levels;  ///< From just above nothing to full.
  std::string_view upright, tick_left, corner, level, tick_down, load, fault, moment;
};

const Brush& brush(bool unicode) {
  static const Brush kUnicode{
      {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, "│", "┤", "└", "─", "┬", "═", "▒", "▲"};
  static const Brush kAscii{{".", ":", "#"}, "|", "+", "+", "-", "+", "=", "x", "^"};
  return unicode ? kUnicode : kAscii;
}

/// The least "round" number that is not below `value`.
double round_up(double value) {
  constexpr std::array kSteps{1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0};
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : kSteps) {
    if (step * power >= value * (1 - 1e-9)) return step * power;
  }
  return 10 * power;
}

std::string cut(const std::string& text, std::size_t columns, bool unicode) {
  if (width_of(text) <= columns) return text;
  const std::string dots = unicode ? "…" : "..";
  return text.substr(0, columns - width_of(dots)) + dots;  // Names are ASCII.
}

/// What stands in a fault's band: "STOP", "network".
std::string short_word(const faults::FaultSpec* fault) {
  using Action = faults::ProcessFault::Action;
  if (fault == nullptr) return "fault";
  if (const auto* process = std::get_if<faults::ProcessFault>(&fault->what)) {
    if (process->action == Action::kRestart) return "restart";
    return process->action == Action::kHang ? "hang" : faults::signal_name(process->signal);
  }
  if (std::holds_alternative<faults::NetworkFault>(fault->what)) return "network";
  if (std::holds_alternative<faults::LinkFault>(fault->what)) return "link";
  if (std::holds_alternative<faults::QuicFault>(fault->what)) return "quic";
  return std::string(std::get<faults::PressureFault>(fault->what).resource());
}

/// "canary of browse, 10 % of: ", for a load that shares its schedule; else nothing.
std::string part_in_words(const generators::LoadSpec& load) {
  if (!load.split) return {};
  return (load.split->is_canary ? "canary of " + load.split->of : std::string("control")) + ", " +
         in_words(Share{load.part()}) + " of: ";
}

/// Draws one plan; each method writes one part of the page.
class Drawing {
 public:
  Drawing(const Scenario& scenario, const Plan& plan, std::size_t columns, bool unicode)
      : scenario_(scenario),
        plan_(plan),
        columns_(std::clamp(columns, kFewestColumns, kMostColumns)),
        unicode_(unicode),
        brush_(brush(unicode)),
        length_(std::max(plan.length, Duration(1))) {
    std::size_t widest = width_of("1000/s");
    for (const auto& load : plan.loads) widest = std::max(widest, load.name.size() + 1);
    for (const auto& fault : plan.faults) widest = std::max(widest, fault.name.size() + 1);
    left_ = std::min(widest, kLongestLabel) + 2;
    list_ = left_;
    for (const auto& fault : plan.faults) list_ = std::max(list_, fault.label.size() + 4);
    for (const auto& objective : scenario.objectives) {
      list_ = std::max(list_, objective.name.size() + 4);
    }
    for (const auto& guard : scenario.guards) list_ = std::max(list_, guard.name.size() + 4);
    list_ = std::min(list_, kLongestLabel + 4);
    plot_ = columns_ - left_;
  }

  std::string page() {
    std::string text = head();
    text += chart();
    text += bands();
    text += services() + loads() + faults() + objectives() + capacity() + guards() + phases() +
            safety() + missing();
    return text;
  }

 private:
  std::size_t column_at(Duration offset) const {
    const double part = to_seconds(offset) / to_seconds(length_);
    return std::min(plot_,
                    static_cast<std::size_t>(std::llround(part * static_cast<double>(plot_))));
  }

  std::string head() const {
    std::string text = printable(scenario_.name, unicode_) + ": " + in_words(plan_.length) +
                       ", seed " + std::to_string(scenario_.seed) + "\n";
    if (!scenario_.description.empty()) {
      text += wrapped("", printable(scenario_.description, unicode_), columns_);
    }
    return text + "\n";
  }

  double total_rate(std::size_t column) const {
    const double middle = (static_cast<double>(column) + 0.5) / static_cast<double>(plot_);
    const Duration offset = from_seconds(to_seconds(length_) * middle);
    double total = 0;
    for (const auto& load : scenario_.loads) total += Plan::rate_at(load, offset).per_second;
    return total;
  }

  std::string chart() const {
    std::vector<double> rates(plot_);
    for (std::size_t column = 0; column < plot_; ++column) rates[column] = total_rate(column);
    double peak = *std::max_element(rates.begin(), rates.end());
    if (!(peak > 0)) return axis();  // Only closed loads: their bands say it all.
    // The middle of a column may miss the top of a ramp by a little.
    for (const auto& load : scenario_.loads) {
      const auto* open = std::get_if<generators::OpenSpec>(&load.schedule);
      if (open == nullptr || scenario_.loads.size() > 1) continue;
      for (const auto& stage : open->stages) {
        peak = std::max({peak, stage.from.per_second, stage.to.per_second});
      }
    }
    const double top = round_up(peak);
    Canvas canvas(columns_, kChartRows);
    const std::size_t steps = brush_.levels.size();
    for (std::size_t row = 0; row < kChartRows; ++row) {
      const std::size_t height = kChartRows - row;  // Of the upper edge of this row.
      const bool is_labelled = height % kRowsPerLabel == 0;
      canvas.put(left_ - 1, row, is_labelled ? brush_.tick_left : brush_.upright);
      if (is_labelled) {
        write_right(canvas, row, top * static_cast<double>(height) / kChartRows);
      }
      for (std::size_t column = 0; column < plot_; ++column) {
        const double filled =
            rates[column] / top * kChartRows - static_cast<double>(height - 1);  // Of this row.
        if (filled <= 0) continue;
        const auto level = static_cast<std::size_t>(
            std::ceil(std::min(filled, 1.0) * static_cast<double>(steps) - 1e-9));
        canvas.put(left_ + column, row, brush_.levels[std::max<std::size_t>(level, 1) - 1]);
      }
    }
    return canvas.text() + axis();
  }

  void write_right(Canvas& canvas, std::size_t row, double rate) const {
    const std::string label = in_words(Rate{rate});
    const std::size_t room = left_ - 2;
    canvas.write(room > label.size() ? room - label.size() : 0, row, label.substr(0, room));
  }

  /// The whole seconds between two ticks, so that labels have room.
  std::int64_t tick_seconds() const {
    constexpr std::array<std::int64_t, 14> kSteps{1,  2,   5,   10,  15,   20,   30,
                                                  60, 120, 300, 600, 1800, 3600, 7200};
    constexpr double kFewestCells = 9;
    const double cells_per_second = static_cast<double>(plot_) / to_seconds(length_);
    for (const std::int64_t step : kSteps) {
      if (static_cast<double>(step) * cells_per_second >= kFewestCells) return step;
    }
    return 4 * kSteps.back();
  }

  std::string axis() const {
    Canvas canvas(columns_, 2);
    canvas.write(left_ - 2 - 3, 0, "0/s");
    canvas.put(left_ - 1, 0, brush_.corner);
    canvas.fill(left_, columns_, 0, brush_.level);
    const std::int64_t step = tick_seconds();
    for (std::int64_t second = 0; std::chrono::seconds(second) <= length_; second += step) {
      const std::size_t column = left_ + column_at(std::chrono::seconds(second));
      const std::string label = std::to_string(second) + " s";
      if (column >= columns_) break;
      canvas.put(column, 0, brush_.tick_down);
      if (column + label.size() <= columns_) canvas.write(column, 1, label);
    }
    return canvas.text() + "\n";
  }

  /// Draws a band with `word` in it, or beside it where it is too short.
  void band(Canvas& canvas, std::size_t row, std::size_t from, std::size_t to,
            std::string_view character, const std::string& word) const {
    canvas.fill(left_ + from, left_ + to, row, character);
    const std::size_t width = width_of(word);
    if (word.empty()) return;
    if (to - from >= width + 4) {
      canvas.write(left_ + from + (to - from - width - 2) / 2, row, " " + word + " ");
    } else if (to + 1 + width <= plot_) {
      canvas.write(left_ + to + 1, row, word);
    } else if (from >= width + 1) {
      canvas.write(left_ + from - width - 1, row, word);
    }
  }

  std::string bands() const {
    std::string text;
    for (std::size_t i = 0; i < std::min(plan_.loads.size(), kMostBands); ++i) {
      text += load_band(plan_.loads[i]);
    }
    std::size_t drawn = 0;
    for (const faults::FaultSpec& fault : scenario_.faults) {
      if (++drawn > kMostBands) break;
      text += fault_band(fault);
    }
    return text + "\n";
  }

  std::string load_band(const PlannedLoad& planned) const {
    const generators::LoadSpec* load = scenario_.find_load(planned.name);
    Canvas canvas(columns_, 1);
    canvas.write(0, 0, cut(planned.name, left_ - 2, unicode_));
    const std::size_t from = std::min(column_at(planned.from), plot_ - 1);
    const std::size_t to = std::max(column_at(planned.to), from + 1);
    band(canvas, 0, from, to, brush_.load, load == nullptr ? "" : load_word(*load));
    return canvas.text();
  }

  static std::string load_word(const generators::LoadSpec& load) {
    if (const auto* closed = std::get_if<generators::ClosedSpec>(&load.schedule)) {
      return std::to_string(closed->users) + (closed->users == 1 ? " user" : " users");
    }
    if (const auto* replay = std::get_if<generators::ReplaySpec>(&load.schedule)) {
      return "replay of " + std::to_string(replay->requests);
    }
    double low = 1e300;
    double high = 0;
    for (const auto& stage : std::get<generators::OpenSpec>(load.schedule).stages) {
      low = std::min({low, load.part() * stage.from.per_second, load.part() * stage.to.per_second});
      high =
          std::max({high, load.part() * stage.from.per_second, load.part() * stage.to.per_second});
    }
    if (low >= high) return in_words(Rate{high});
    return in_words(Rate{low}) + " to " + in_words(Rate{high});
  }

  std::string fault_band(const faults::FaultSpec& fault) const {
    Canvas canvas(columns_, 1);
    canvas.write(0, 0, cut(fault.name, left_ - 2, unicode_));
    const auto is_mine = [&](const PlannedFault& planned) { return planned.name == fault.name; };
    const auto times = std::count_if(plan_.faults.begin(), plan_.faults.end(), is_mine);
    for (const PlannedFault& planned : plan_.faults) {
      if (!is_mine(planned)) continue;
      const std::size_t from = std::min(column_at(planned.from), plot_ - 1);
      std::string word = times == 1 ? short_word(&fault) : "";
      if (!planned.to) {
        band(canvas, 0, from, from + 1, brush_.moment, word);
        continue;
      }
      if (times == 1) word += " " + in_words(*planned.to - planned.from);
      band(canvas, 0, from, std::max(column_at(*planned.to), from + 1), brush_.fault, word);
    }
    return canvas.text();
  }

  /// One line of a list: the name, then words that wrap.
  std::string line(const std::string& name, const std::string& words) const {
    std::string head = "  " + name;
    if (!name.empty()) head.resize(std::max(head.size() + 2, list_), ' ');
    return wrapped(head, printable(words, unicode_), columns_);
  }

  std::string services() const {
    if (scenario_.services.empty()) return {};
    std::string text = "services to be started\n";
    for (const ServiceSpec& service : scenario_.services) {
      for (std::uint64_t i = 1; i <= std::min(service.count, kMostInstances); ++i) {
        text += line(service.name + (service.count > 1 ? "." + std::to_string(i) : ""),
                     instance_words(service, i));
      }
      if (service.count > kMostInstances) {
        text += line("", "and " + std::to_string(service.count - kMostInstances) + " more of " +
                             service.name);
      }
    }
    return text;
  }

  static std::string instance_words(const ServiceSpec& service, std::uint64_t instance) {
    std::string words;
    for (const std::string& argument : service.command) {
      words += (words.empty() ? "" : " ") + expand_for_instance(argument, instance);
    }
    if (service.ready) {
      words += "; ready when " + expand_for_instance(service.ready->url, instance) +
               " answers within " + in_words(service.ready->within);
    }
    if (service.restart == ServiceSpec::Restart::kAlways) words += "; restarted when it ends";
    return words;
  }

  std::string loads() const {
    std::string text = "load\n";
    for (const PlannedLoad& planned : plan_.loads) {
      const auto* load = scenario_.find_load(planned.name);
      const auto* target = scenario_.find_target(planned.target);
      if (load == nullptr || target == nullptr) continue;
      std::string words = "at " + in_words(planned.from) + " to " + in_words(planned.to) + ": " +
                          part_in_words(*load) + how_it_is_sent(*load) + "; to " + target->name +
                          " (" + std::string(protocol_name(target->protocol));
      for (const auto& url : target->urls) {
        words += ", " + url.scheme + "://" + url.authority();
      }
      text += line(planned.name, words + ")");
    }
    return text;
  }

  std::string when(const PlannedFault& planned) const {
    if (planned.row > 0 && planned.row < plan_.rows.size()) {
      const PlannedRow& row = plan_.rows[planned.row];
      return "in row " + row.name + ", from " + in_words(planned.from - row.from) + " of it " +
             (planned.to && *planned.to < row.to ? "for " + in_words(*planned.to - planned.from)
                                                 : std::string("to its end"));
    }
    return "at " + in_words(planned.from) + (planned.to ? " to " + in_words(*planned.to) : "");
  }

  std::string faults() const {
    if (plan_.faults.empty()) return "faults\n  none\n";
    std::string text = "faults\n";
    std::map<std::string, std::size_t> times;
    for (const PlannedFault& planned : plan_.faults) {
      if (++times[planned.name] > kMostApplications) continue;
      text += line(planned.label, when(planned) + ": " + planned.what);
    }
    for (const auto& [name, number] : times) {
      if (number <= kMostApplications) continue;
      text += line("", "and " + std::to_string(number - kMostApplications) + " more of " + name);
    }
    return text;
  }

  std::string objectives() const {
    if (scenario_.objectives.empty()) return "objectives\n  none: the run passes when it ends\n";
    std::string text = "objectives\n";
    for (const auto& objective : scenario_.objectives) {
      text += line(objective.name, what_is_promised(objective));
    }
    return text;
  }

  std::string capacity() const {
    if (!scenario_.capacity) return "";
    const CapacitySpec& spec = *scenario_.capacity;
    const auto percent = [](Share share) { return in_words(share); };
    std::string text = "capacity\n";
    text += line("", "the highest rate of " + spec.search + " at which its objectives hold, from " +
                         in_words(spec.low) + " to " + in_words(spec.high) + ", beginning with " +
                         in_words(spec.start));
    text += line("", "to " + percent(spec.precision) + ", with " + percent(spec.confidence) +
                         " confidence, verified for " + in_words(spec.hold) + "; at most " +
                         in_words(spec.deadline));
    for (const std::string& fault : spec.faults) {
      text += line("", "while " + fault + " is in force: the search begins when it is");
    }
    return text + matrix();
  }

  std::string matrix() const {
    if (plan_.rows.empty()) return "";
    std::string text = "matrix\n";
    text += line("", "the search " + std::to_string(plan_.rows.size()) +
                         " times, one after the other; a row begins when the one before it is "
                         "over and undone (drawn above: at the latest)");
    for (std::size_t row = 0; row < plan_.rows.size(); ++row) {
      text += line(
          "", std::to_string(row + 1) + ". " + (row == 0 ? "" : "with ") + plan_.rows[row].name);
    }
    return text;
  }

  std::string guards() const {
    if (scenario_.guards.empty()) return "";
    std::string text = "guards\n";
    for (const auto& guard : scenario_.guards) text += line(guard.name, what_is_guarded(guard));
    return text;
  }

  std::string phases() const {
    std::string text = "phases\n";
    std::size_t number = 0;
    for (const Phase& phase : plan_.phases) {
      if (++number > kMostPhases) continue;
      text += line("", std::to_string(to_whole_seconds(phase.from)) + " s to " +
                           std::to_string(to_whole_seconds(phase.to)) + " s: " + phase.name);
    }
    if (number > kMostPhases) {
      text += line("", "and " + std::to_string(number - kMostPhases) + " more");
    }
    return text;
  }

  static std::int64_t to_whole_seconds(Duration offset) {
    return std::chrono::duration_cast<std::chrono::seconds>(offset).count();
  }

  std::string safety() const {
    return "safety\n" + line("", "at most " + in_words(scenario_.safety.longest) + "; lease " +
                                     in_words(scenario_.safety.lease));
  }

  std::string missing() const {
    if (scenario_.not_supported.empty()) return {};
    std::string text = "not supported yet\n";
    for (const NotSupported& part : scenario_.not_supported) {
      text += line("", part.what + " (" + part.where + ")");
    }
    return text;
  }

  const Scenario& scenario_;  // NOLINT: all three stand on the stack of draw().
  const Plan& plan_;
  std::size_t columns_;
  bool unicode_;
  const Brush& brush_;
  Duration length_;
  std::size_t left_ = 0;  ///< Columns before the first cell of the plot.
  std::size_t plot_ = 0;  ///< Columns of the plot.
  std::size_t list_ = 0;  ///< Columns before the words of a list.
};

}  // namespace

std::string draw(const Scenario& scenario, const Plan& plan, std::size_t columns, bool unicode) {
  return Drawing(scenario, plan, columns, unicode).page();
}

}  // namespace squall::scenarios
