// What most tests in the simulator need; checkers and generated scenarios have headers of their own.
#pragma once

#include <lockstep/sim/atomic.hpp>
#include <lockstep/sim/atomic_functions.hpp>
#include <lockstep/sim/atomic_ref.hpp>
#include <lockstep/sim/barrier.hpp>
#include <lockstep/sim/call_once.hpp>
#include <lockstep/sim/clock.hpp>
#include <lockstep/sim/concurrently.hpp>
#include <lockstep/sim/condition_variable.hpp>
#include <lockstep/sim/explore.hpp>
#include <lockstep/sim/finding.hpp>
#include <lockstep/sim/invariant.hpp>
#include <lockstep/sim/jthread.hpp>
#include <lockstep/sim/label.hpp>
#include <lockstep/sim/latch.hpp>
#include <lockstep/sim/mutex.hpp>
#include <lockstep/sim/nondet.hpp>
#include <lockstep/sim/runtime.hpp>
#include <lockstep/sim/semaphore.hpp>
#include <lockstep/sim/shared_mutex.hpp>
#include <lockstep/sim/simulated.hpp>
#include <lockstep/sim/step.hpp>
#include <lockstep/sim/stop_token.hpp>
#include <lockstep/sim/this_thread.hpp>
#include <lockstep/sim/thread.hpp>
#include <lockstep/sim/var.hpp>
