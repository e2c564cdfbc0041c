/* Read before every source that may use AMX tiles; engine.cmake and bench/llama_server.py see to it.
 *
 * _tile_loadconfig of GCC before 12.4 and 13.3 tells the compiler that it reads eight bytes of the configuration. It reads 64,
 * so the others are never written (GCC bug 114098), and the first instruction on a tile is an illegal one. */
#if defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg %0" : : "m"(*(const char(*)[64])(config)))
#endif
