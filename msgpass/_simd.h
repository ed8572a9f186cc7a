/* Loops over arrays are compiled for several instruction sets where the system can choose
   between them at load time. */

#ifndef WIDEFLAT_SIMD_H
#define WIDEFLAT_SIMD_H

#include <stdint.h> /* says whether the C library is glibc, whose loader can choose */

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) \
    && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__SANITIZE_ADDRESS__)
#define SIMD_CHOOSES
#define SIMD_KERNEL \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) static
#else
#define SIMD_KERNEL static
#endif

#if defined(__GNUC__)
#define SIMD_INLINE __attribute__((always_inline))
#else
#define SIMD_INLINE
#endif

#endif
