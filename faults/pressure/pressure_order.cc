#include "faults/pressure/pressure_order.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

namespace squall::faults {
namespace {

/// The words behind the resource: key and value.
class Words {
 public:
  void add(const std::string& key, const std::string& value) {
    words_.push_back(key + "=" + value);
  }
  void add(const std::string& key, std::uint64_t value) { add(key, std::to_string(value)); }
  void add(const std::string& key, Bytes value) { add(key, value.count); }
  void add(const std::string& key, Share value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value.value).ptr;
    add(key, std::string(text.data(), end));
  }
  template <typename T>
  void add(const std::string& key, const std::optional<T>& value) {
    if (value) add(key, *value);
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void put(Words& words, const CpuPressure& cpu) {
  words.add("share", cpu.share);
  words.add("workers", cpu.workers);
  words.add("cgroup", cpu.cgroup);
}

void put(Words& words, const MemoryPressure& memory) {
  words.add("size", memory.size);
  words.add("share", memory.share);
  words.add("cgroup", memory.cgroup);
}

void put(Words& words, const IoPressure& io) {
  words.add("path", io.path);
  words.add("workers", io.workers);
  words.add("size", io.size);
  words.add("cgroup", io.cgroup);
}

void put(Words& words, const DiskFillPressure& fill) {
  words.add("path", fill.path);
  words.add("size", fill.size);
  words.add("share", fill.share);
}

void put(Words& words, const DescriptorsPressure& descriptors) {
  words.add("count", descriptors.count);
  words.add("share", descriptors.share);
}

template <typename T>
bool read_number(const std::string& text, T& into) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failure == std::errc{} && end == text.data() + text.size();
}

/// Takes values out of the words by their keys; what is left is unknown.
class Values {
 public:
  explicit Values(const std::vector<std::string>& words) {
    for (std::size_t at = 1; at < words.size(); ++at) {
      const std::size_t equals = words[at].find('=');
      if (equals == std::string::npos)
        wrong_ = words[at];
      else
        values_[words[at].substr(0, equals)] = words[at].substr(equals + 1);
    }
  }

  void take(const std::string& key, std::string& into) {
    if (auto text = text_of(key)) into = *std::move(text);
  }
  void take(const std::string& key, std::uint64_t& into) {
    if (const auto text = text_of(key); text && !read_number(*text, into)) wrong_ = key;
  }
  void take(const std::string& key, Bytes& into) { take(key, into.count); }
  void take(const std::string& key, Share& into) {
    const auto text = text_of(key);
    if (!text) return;
    const bool is_good = read_number(*text, into.value) && into.value >= 0 && into.value <= 1;
    if (!is_good) wrong_ = key;
  }
  template <typename T>
  void take(const std::string& key, std::optional<T>& into) {
    if (values_.contains(key)) take(key, into.emplace());
  }

  /// The first word that is wrong, or that nobody took.
  std::optional<std::string> wrong() const {
    if (wrong_ || values_.empty()) return wrong_;
    return values_.begin()->first;
  }

 private:
  std::optional<std::string> text_of(const std::string& key) {
    auto node = values_.extract(key);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  std::map<std::string, std::string> values_;
  std::optional<std::string> wrong_;
};

CpuPressure take_cpu(Values& values) {
  CpuPressure cpu;
  values.take("share", cpu.share);
  values.take("workers", cpu.workers);
  values.take("cgroup", cpu.cgroup);
  return cpu;
}

MemoryPressure take_memory(Values& values) {
  MemoryPressure memory;
  values.take("size", memory.size);
  values.take("share", memory.share);
  values.take("cgroup", memory.cgroup);
  return memory;
}

IoPressure take_io(Values& values) {
  IoPressure io;
  values.take("path", io.path);
  values.take("workers", io.workers);
  values.take("size", io.size);
  values.take("cgroup", io.cgroup);
  return io;
}

DiskFillPressure take_disk_fill(Values& values) {
  DiskFillPressure fill;
  values.take("path", fill.path);
  values.take("size", fill.size);
  values.take("share", fill.share);
  return fill;
}

DescriptorsPressure take_descriptors(Values& values) {
  DescriptorsPressure descriptors;
  values.take("count", descriptors.count);
  values.take("share", descriptors.share);
  return descriptors;
}

}  // namespace

std::vector<std::string> words_of(const PressureOrder& order) {
  Words words;
  words.add("length_ns", static_cast<std::uint64_t>(order.length.count()));
  std::visit([&](const auto& pressure) { put(words, pressure); }, order.fault.what);
  std::vector<std::string> all{std::string(order.fault.resource())};
  for (std::string& word : words.take()) all.push_back(std::move(word));
  return all;
}

Result<PressureOrder> read_order(const std::vector<std::string>& words) {
  const auto wrong = [](const std::string& word) {
    return error(std::errc::invalid_argument, "pressure: '" + word + "'");
  };
  if (words.empty()) return wrong("");
  Values values(words);
  std::uint64_t length = 0;
  values.take("length_ns", length);
  PressureOrder order;
  const std::string& resource = words.front();
  if (resource == "cpu")
    order.fault.what = take_cpu(values);
  else if (resource == "memory")
    order.fault.what = take_memory(values);
  else if (resource == "io")
    order.fault.what = take_io(values);
  else if (resource == "disk_fill")
    order.fault.what = take_disk_fill(values);
  else if (resource == "descriptors")
    order.fault.what = take_descriptors(values);
  else
    return wrong(resource);
  if (const auto unknown = values.wrong()) return wrong(*unknown);
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 62U;
  if (length == 0 || length > kLongest) return wrong("length_ns");
  order.length = Duration(static_cast<std::int64_t>(length));
  return order;
}

}  // namespace squall::faults
