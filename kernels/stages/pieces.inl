/* pieces.inl: units of the stages that go group by group: where groups are few, each is cut into parts of its columns
 * (experts for front, model width for redistribute), whole panels of nr, so that all threads have work. */
enum { ENOUGH_UNITS = 64 };
MOT_INLINE size_t parts_of(const mot_shape *s, size_t columns, size_t nr) {
    const size_t wanted = ceil_div(ENOUGH_UNITS, s->groups ? s->groups : 1), panels = ceil_div(columns, nr);
    return panels ? least(wanted, panels) : 1;
}

/* Some whole groups, or columns of one. */
typedef struct piece {
    size_t group, end; /* groups */
    size_t from, to;   /* columns */
} piece;

/* Takes the next piece off a range of units. */
MOT_INLINE piece next_piece(mot_range *r, const mot_shape *s, size_t columns, size_t nr, size_t most_groups) {
    const size_t parts = parts_of(s, columns, nr), panels = ceil_div(columns, nr);
    const size_t group = r->begin / parts, first = r->begin % parts, left = r->end - r->begin;
    const bool whole = first == 0 && left >= parts;
    const size_t groups = whole ? least(left / parts, most_groups) : 1, last = least(parts, first + left);
    r->begin += whole ? groups * parts : last - first;
    return (piece){group, group + groups, share(panels, parts, first) * nr,
                   least(columns, share(panels, parts, last) * nr)};
}
/* One past the last group of a range. */
MOT_INLINE size_t last_group(mot_range r, const mot_shape *s, size_t columns, size_t nr) {
    return ceil_div(r.end, parts_of(s, columns, nr));
}
