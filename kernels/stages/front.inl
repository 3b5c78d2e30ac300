/* front.inl: route and mix fused: a group's X is read once from memory and mixed while it is still in L2. */
static inline size_t front_scratch(const mot_shape *s, const mot_config *c, size_t nr) {
    const size_t route = route_scratch(s, c, nr), mix = mix_scratch(s, c, nr);
    return route > mix ? route : mix;
}

MOT_INLINE void front_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r, tile_kind kind) {
    const size_t together = route_groups(s);
    for (size_t g = r.begin; g < r.end; g += together) {
        const mot_range some = {g, least(g + together, r.end)};
        route_some(s, t, some, kind);
        for (size_t i = some.begin; i < some.end; i++) mix_group(s, t, c, i, r.end, kind);
    }
}
