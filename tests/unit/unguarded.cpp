#include "base/mutex.hpp"

/// No part of unit_tests: clang refuses it, which is what the test `unit-thread_safety` wants to
/// see.
struct Shared {
    int read() const { return value; }

    mutable cdc::base::Mutex mutex;
    int value CDC_GUARDED_BY(mutex) = 0;
};
