#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's own main, for programs that have one (llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a
/// library"). It comes with the compiler's runtime, which ships no header for it.
int LLVMFuzzerRunDriver(
    int *_Nonnull argumentCount, char *_Nullable *_Nonnull *_Nonnull arguments,
    int (*_Nonnull test)(const uint8_t *_Nullable bytes, size_t count));
