/* redistribute.inl: U_t = sum over experts of P[t][e] Y_e, group by group. */
MOT_INLINE void redistribute_body(const mot_shape *s, const mot_tensors *t, const mot_config *c, mot_range r,
                                  tile_fn fn, size_t mr, size_t nr) {
    const size_t D = s->d_model, E = s->experts;
    for (size_t g = r.begin; g < r.end; g++) {
        const tile_args a = {.a = (const float *)t->p + g * s->group_size * E,
                             .a_row = E,
                             .a_step = 1,
                             .a_block = KB,
                             .b = (const float *)t->y + g * D,
                             .b_row = s->groups * D,
                             .c = (float *)t->out + mot_group_offset(&t->strides, g),
                             .c_row = t->strides.token_stride,
                             .c_block = KB,
                             .k = E};
        chunked_product(a, mot_group_tokens(s, &t->strides, g), D, chunk_columns(c, D, nr), fn, mr, nr);
    }
}
