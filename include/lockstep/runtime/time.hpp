// Durations and clocks, without the rest of <chrono>.
//
// The two headers below take durations and time points, and so define them in every implementation of std.
// <chrono> itself adds calendars, time zones and formatting: from GCC 13 on that alone is a fifth of what
// including lockstep would cost (docs/include-cost.md). Who needs these, or std's literals on streams,
// includes <chrono>.
#pragma once

#include <condition_variable>
#include <thread>
