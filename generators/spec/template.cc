#include "generators/spec/template.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

namespace squall::generators {
namespace {

Error wrong(const std::string& why) { return error(std::errc::invalid_argument, why); }

std::string shown(std::string_view inside) { return "'${" + std::string(inside) + "}'"; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), may_follow);
}

bool read_whole(std::string_view text, std::int64_t& number) {
  text = trimmed(text);
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// "random.int(1,1000)" without its name: "(1,1000)".
Result<Template::Part> random_int(std::string_view inside, std::string_view arguments) {
  const std::size_t comma = arguments.find(',');
  RandomInt random;
  if (!arguments.starts_with('(') || !arguments.ends_with(')') || comma == std::string_view::npos ||
      !read_whole(arguments.substr(1, comma - 1), random.low) ||
      !read_whole(arguments.substr(comma + 1, arguments.size() - comma - 2), random.high)) {
    return wrong(shown(inside) +
                 " is not readable: expected ${random.int(LOW,HIGH)} with whole numbers");
  }
  if (random.low > random.high) {
    return wrong(shown(inside) + " has its ends reversed: expected the lower number first");
  }
  return Template::Part(random);
}

Result<Template::Part> data_column(std::string_view inside) {
  const std::string_view rest = inside.substr(std::string_view("data.").size());
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos || !is_name(rest.substr(0, dot)) ||
      !is_name(rest.substr(dot + 1))) {
    return wrong(shown(inside) + " is not readable: expected ${data.TABLE.COLUMN}");
  }
  return Template::Part(
      DataColumn{std::string(rest.substr(0, dot)), std::string(rest.substr(dot + 1))});
}

Result<Template::Part> placeholder(std::string_view inside) {
  constexpr std::string_view kRandomInt = "random.int";
  if (inside == "seq") return Template::Part(Sequence{});
  if (inside == "random.uuid") return Template::Part(RandomUuid{});
  if (inside.starts_with(kRandomInt)) return random_int(inside, inside.substr(kRandomInt.size()));
  if (inside.starts_with("data.")) return data_column(inside);
  if (is_name(inside)) return Template::Part(TakenValue{std::string(inside)});
  return wrong("unknown placeholder " + shown(inside) +
               ": expected ${random.int(LOW,HIGH)}, ${random.uuid}, ${seq}, ${data.TABLE.COLUMN}"
               " or the name of a var");
}

void add_text(std::vector<Template::Part>& parts, std::string_view text) {
  if (text.empty()) return;
  if (!parts.empty()) {
    if (auto* before = std::get_if<std::string>(&parts.back())) {
      before->append(text);
      return;
    }
  }
  parts.emplace_back(std::string(text));
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
  Template made;
  while (!text.empty()) {
    const std::size_t mark = text.find("${");
    if (mark == std::string_view::npos) {
      add_text(made.parts, text);
      break;
    }
    if (mark > 0 && text[mark - 1] == '$') {  // `$${`: a literal `${`.
      add_text(made.parts, text.substr(0, mark - 1));
      add_text(made.parts, "${");
      text.remove_prefix(mark + 2);
      continue;
    }
    add_text(made.parts, text.substr(0, mark));
    const std::size_t close = text.find('}', mark);
    if (close == std::string_view::npos) return wrong("a '${' is not closed: expected a '}'");
    SQUALL_TRY(Part part, placeholder(text.substr(mark + 2, close - mark - 2)));
    made.parts.push_back(std::move(part));
    text.remove_prefix(close + 1);
  }
  return made;
}

bool Template::is_constant() const {
  return std::all_of(parts.begin(), parts.end(),
                     [](const Part& part) { return std::holds_alternative<std::string>(part); });
}

std::string Template::constant_text() const {
  std::string text;
  for (const Part& part : parts) {
    if (const auto* piece = std::get_if<std::string>(&part)) text += *piece;
  }
  return text;
}

}  // namespace squall::generators
