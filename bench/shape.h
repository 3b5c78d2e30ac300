/* shape.h: problems as text: one shape, lists and ranges, presets, files, a model's config.json. */
#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include "mot/mot.h"

#include <stdbool.h>

enum { SHAPE_TEXT = 112 };
typedef struct shape_list {
    mot_shape *item;
    size_t count, capacity;
} shape_list;

/* One shape as text, "g64t32e32d512h2048". */
void shape_print(char buf[SHAPE_TEXT], const mot_shape *);

/* Appends what `text` names: sizes are numbers, lists `8,32`, or ranges `4:64:*2`, `4:64:+4`, `1:4` in any mix; letters
 * g t e d h in this order. The product of all lists is taken, duplicates are kept out. False: `error` (one line) says
 * what is wrong and what would be right; nothing was appended. At most 4096 shapes. */
bool shape_parse(shape_list *, const char *text, char *error, size_t error_size);
/* Appends a preset ("smoke", "paper", …; "drawn:7" draws a dozen shapes from a seed) or, if there is none of this name,
 * the shapes of a file: one text a line, `#` comments, a line may name another preset or file (nested at most 8 deep, 1
 * MiB). */
bool shape_preset(shape_list *, const char *name_or_file, char *error, size_t error_size);
/* Appends the layer of a published model: d_model|n_embd, n_expert, expert_size, group_size; G = 1, 4, 16, 64. */
bool shape_model(shape_list *, const char *config_json, char *error, size_t error_size);
const char *shape_preset_name(size_t index); /* NULL past the end */
void shape_list_free(shape_list *);

/* Bytes of all tensors of the layer in f32, or 0 on overflow; what check and bench compare with free memory. */
size_t shape_bytes(const mot_shape *);

#endif
