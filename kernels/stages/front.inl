/* front.inl: route and mix fused: a group's X is read once from memory and mixed while it is still in L2. */
static inline size_t front_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t route = route_scratch(s, c, nr), mix = dots_bytes(s) + mix_scratch(s, c, nr);
    return route > mix ? route : mix;
}

MOT_INLINE void front_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_kind kind) {
    mot_tensors here = *t;
    const float *controller = route_open(s, &here);
    const size_t end = last_group(r, s, s->experts, kind.nr);
    while (r.begin < r.end) {
        const piece p = next_piece(&r, s, s->experts, kind.nr, route_groups(s));
        route_piece(s, &here, p, controller, kind);
        mix_piece(s, &here, c, p, p.end - p.group, end, kind);
    }
}
