/* Reads one float before a page that is not there, the seven lanes beyond it masked out. Processors allow that and the
 * AVX2 kernels rest on it; some emulators fault, and then kernels cannot be checked between guard pages there. */
#include <immintrin.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((target("avx"))) static int first_lane(const float *p) {
    const __m256i mask = _mm256_setr_epi32(-1, 0, 0, 0, 0, 0, 0, 0);
    return _mm256_cvtss_f32(_mm256_maskload_ps(p, mask)) == 0;
}

int main(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE)) return 2;
    return first_lane((const float *)(memory + page) - 1) ? 0 : 1;
}
