#include "data_random.h"

#include <Random123/philox.h>

/* A block of Philox holds four words. */
void random_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *word) {
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    for (size_t i = 0; i < n;) {
        uint64_t block = (first + i) / 4;
        philox4x32_ctr_t counter = {
            {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
        philox4x32_ctr_t random = philox4x32(counter, key);
        for (size_t lane = (first + i) % 4; lane < 4 && i < n; lane++) word[i++] = random.v[lane];
    }
}
