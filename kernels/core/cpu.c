/* cpu.c: what CPUID and XCR0 say: no files, no environment. */
#include "cpu.h"

#include <cpuid.h>
#include <stdatomic.h>
#include <string.h>

enum { OSXSAVE = 1 << 27, XCR0_YMM = 0x6, XCR0_ZMM = 0xe0, XCR0_TILES = 0x60000, AMX_TILE = 1 << 24 };

/* Not the intrinsic, which would need -mxsave. */
static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

mot_cpuid mot_cpu_read(void) {
    mot_cpuid id = {0};
    uint32_t eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) id.leaf1_ecx = ecx;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) id.leaf7_ebx = ebx, id.leaf7_edx = edx;
    if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) id.leaf7_1_eax = eax;
    if (id.leaf1_ecx & OSXSAVE) id.xcr0 = read_xcr0();
    if (id.leaf7_edx & AMX_TILE && (id.xcr0 & XCR0_TILES) == XCR0_TILES) id.tiles = mot_cpu_allow_tiles();
    return id;
}

typedef struct need {
    mot_isa isa; /* and all above it */
    enum { LEAF1_ECX, LEAF7_EBX, LEAF7_EDX, LEAF7_1_EAX, XCR0, TILES } word;
    uint32_t mask;
    const char *missing;
} need;

static const need needs[] = {
    {MOT_ISA_AVX2, LEAF1_ECX, 1 << 28, "no avx in CPUID"},
    {MOT_ISA_AVX2, LEAF1_ECX, 1 << 12, "no fma in CPUID"},
    {MOT_ISA_AVX2, LEAF7_EBX, 1 << 5, "no avx2 in CPUID"},
    {MOT_ISA_AVX512, LEAF7_EBX, 1 << 16, "no avx512f in CPUID"},
    {MOT_ISA_AVX512, LEAF7_EBX, 1 << 17, "no avx512dq in CPUID"},
    {MOT_ISA_AVX512, LEAF7_EBX, 1 << 30, "no avx512bw in CPUID"},
    {MOT_ISA_AVX512, LEAF7_EBX, 1u << 31, "no avx512vl in CPUID"},
    {MOT_ISA_AVX512BF16, LEAF7_1_EAX, 1 << 5, "no avx512_bf16 in CPUID"},
    {MOT_ISA_AMX, LEAF7_EDX, AMX_TILE, "no amx_tile in CPUID"},
    {MOT_ISA_AMX, LEAF7_EDX, 1 << 22, "no amx_bf16 in CPUID"},
    {MOT_ISA_AVX2, LEAF1_ECX, OSXSAVE, "the OS has not enabled xsave (no osxsave in CPUID)"},
    {MOT_ISA_AVX2, XCR0, XCR0_YMM, "the OS has not enabled the ymm state (XCR0)"},
    {MOT_ISA_AVX512, XCR0, XCR0_ZMM, "the OS has not enabled the zmm state (XCR0)"},
    {MOT_ISA_AMX, XCR0, XCR0_TILES, "the OS has not enabled the tile state (XCR0)"},
    {MOT_ISA_AMX, TILES, 1, "the OS refuses this process the tile state (arch_prctl)"},
};

const char *mot_cpu_why_not_on(const mot_cpuid *id, mot_isa isa) {
    const uint64_t word[] = {id->leaf1_ecx, id->leaf7_ebx, id->leaf7_edx, id->leaf7_1_eax, id->xcr0, id->tiles};
    if (isa == MOT_ISA_BEST) return NULL;
    if ((unsigned)isa > MOT_ISA_AMX) return "no such ISA";
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        const need *n = &needs[i];
        if (isa >= n->isa && (word[n->word] & n->mask) != n->mask) return n->missing;
    }
    return NULL;
}

mot_isa mot_cpu_best(const mot_cpuid *id) {
    mot_isa isa = MOT_ISA_AMX;
    while (isa > MOT_ISA_SCALAR && mot_cpu_why_not_on(id, isa)) isa--;
    return isa;
}

mot_isa mot_cpu_isa(void) {
    static atomic_int cached; /* 0: not yet; racing threads store the same value */
    int isa = atomic_load_explicit(&cached, memory_order_relaxed);
    if (isa == 0) {
        const mot_cpuid id = mot_cpu_read();
        isa = (int)mot_cpu_best(&id);
        atomic_store_explicit(&cached, isa, memory_order_relaxed);
    }
    return (mot_isa)isa;
}

const char *mot_cpu_why_not(mot_isa isa) {
    const mot_cpuid id = mot_cpu_read();
    return mot_cpu_why_not_on(&id, isa);
}

static void identify_names(mot_cpu_facts *facts) {
    uint32_t r[4] = {0};
    if (__get_cpuid(0, &r[0], &r[1], &r[2], &r[3])) {
        memcpy(facts->vendor, &r[1], 4);
        memcpy(facts->vendor + 4, &r[3], 4);
        memcpy(facts->vendor + 8, &r[2], 4);
    }
    for (uint32_t i = 0; i < 3; i++)
        if (__get_cpuid(0x80000002 + i, &r[0], &r[1], &r[2], &r[3])) memcpy(facts->brand + 16 * i, r, sizeof r);
    for (size_t n = strlen(facts->brand); n > 0 && facts->brand[n - 1] == ' '; n--) facts->brand[n - 1] = 0;
}

static void identify_model(mot_cpu_facts *facts) {
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return;
    facts->stepping = eax & 15;
    facts->model = eax >> 4 & 15;
    facts->family = eax >> 8 & 15;
    if (facts->family == 6 || facts->family == 15) facts->model |= (eax >> 16 & 15) << 4;
    if (facts->family == 15) facts->family += eax >> 20 & 255;
}

/* Asked at every choice, while CPUID takes a hypervisor microseconds. */
mot_cpu_kind mot_cpu_kind_here(void) {
    enum { ZEN5_FAMILY = 26 };
    static atomic_int cached; /* 0: not yet */
    int kind = atomic_load_explicit(&cached, memory_order_relaxed);
    if (kind == 0) {
        mot_cpu_facts facts = {.family = 0};
        identify_names(&facts);
        identify_model(&facts);
        const bool amd = strcmp(facts.vendor, "AuthenticAMD") == 0;
        kind = !amd ? MOT_CPU_OTHER : facts.family < ZEN5_FAMILY ? MOT_CPU_AMD : MOT_CPU_ZEN5;
        atomic_store_explicit(&cached, kind, memory_order_relaxed);
    }
    return (mot_cpu_kind)kind;
}

/* Leaf 4 (Intel) and leaf 0x8000001D (AMD) have the same fields. */
static void identify_caches(mot_cpu_facts *facts, uint32_t leaf) {
    enum { NONE = 0, INSTRUCTION = 2, MAX_CACHES = 16 };
    uint32_t eax, ebx, ecx, edx;
    for (uint32_t i = 0; i < MAX_CACHES; i++) {
        if (!__get_cpuid_count(leaf, i, &eax, &ebx, &ecx, &edx) || (eax & 31) == NONE) return;
        const size_t ways = (ebx >> 22) + 1, partitions = (ebx >> 12 & 1023) + 1, line = (ebx & 4095) + 1;
        const size_t bytes = ways * partitions * line * ((size_t)ecx + 1);
        const uint32_t level = eax >> 5 & 7;
        if ((eax & 31) == INSTRUCTION) continue;
        if (level == 1) facts->l1d = bytes;
        if (level == 2) facts->l2 = bytes;
        if (level == 3) facts->l3 = bytes;
    }
}

void mot_cpu_identify(mot_cpu_facts *facts) {
    memset(facts, 0, sizeof *facts);
    identify_names(facts);
    identify_model(facts);
    identify_caches(facts, 4);
    if (!facts->l1d) identify_caches(facts, 0x8000001d);
}
