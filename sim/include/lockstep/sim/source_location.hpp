// std::source_location, also for compilers that have none.
#pragma once

#include <version>

#ifdef __cpp_lib_source_location
#include <source_location>
#else
#include <experimental/source_location>  // clang 14 with libstdc++
#endif

namespace lockstep::sim {

#ifdef __cpp_lib_source_location
/// Where a call stands in the source.
using std::source_location;
#else
/// Where a call stands in the source.
using std::experimental::source_location;
#endif

}  // namespace lockstep::sim
