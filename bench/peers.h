/* peers.h: what a peer file offers to candidates.c. peers.def, written by CMake, lists those that were built. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "candidates.h"

#define PEER(library) extern const peer peer_##library;
#include "peers.def"
#undef PEER

#endif
