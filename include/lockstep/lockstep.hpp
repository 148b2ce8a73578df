// Everything of lockstep that needs no client library: the core, the verbs, and the
// embedded storage.
#pragma once

#include <lockstep/core/error.hpp>
#include <lockstep/core/fields.hpp>
#include <lockstep/core/invariant.hpp>
#include <lockstep/core/text.hpp>
#include <lockstep/core/version.hpp>
#include <lockstep/core/versioned.hpp>
#include <lockstep/memory/table.hpp>
#include <lockstep/runtime/std_runtime.hpp>
#include <lockstep/storage/staged.hpp>
#include <lockstep/storage/storage.hpp>
#include <lockstep/verbs/batch.hpp>
#include <lockstep/verbs/lock.hpp>
#include <lockstep/verbs/merge.hpp>
#include <lockstep/verbs/retry.hpp>
#include <lockstep/verbs/save.hpp>
#include <lockstep/verbs/token.hpp>
#include <lockstep/verbs/transact.hpp>
#include <lockstep/verbs/transfer.hpp>
#include <lockstep/verbs/unguarded.hpp>
#include <lockstep/verbs/update.hpp>
