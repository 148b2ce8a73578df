#include "lines.hpp"

#include <boost/json/serialize.hpp>

#include <iostream>
#include <string>

namespace rowctl {

void tell(const boost::json::object& line) { std::cout << boost::json::serialize(line) << std::endl; }

void await_line() {
  std::string line;
  if (!std::getline(std::cin, line)) throw InputEnded{};
}

void tell_and_wait(const char* event, boost::json::object line) {
  line["event"] = event;
  tell(line);
  await_line();
}

}  // namespace rowctl
