/* faulty_api.h: mot.h with one fault switched on, through the linker's --wrap: a property must notice it. */
#ifndef TESTS_FAULTY_API_H
#define TESTS_FAULTY_API_H

typedef enum fault {
    NO_FAULT,
    ROUTE_SUM,      /* a column of P sums to 1.001; in bf16 all faults are of 12 % rather than 0.1 */
    ROUTE_WARM,     /* low temperatures are ignored */
    MIX_BIASED,     /* the first mixed token is 0.1 % off */
    MIX_SATURATES,  /* large values are cut */
    READS_LAST_Y,   /* the last expert counts in spite of a zero weight */
    EXPERTS_BIASED, /* 0.1 % off */
    TOKEN_BIASED,   /* the layer's first token is 0.1 % off */
    GROUP_BIASED,   /* its first group is */
    THREADS_DIFFER, /* with three threads it is */
    RUNS_DIFFER,    /* every other run, in the last bit */
    SHORT_BIASED    /* strided runs */
} fault;
extern fault active_fault;

#endif
