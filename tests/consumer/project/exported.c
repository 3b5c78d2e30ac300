/* A host program that has only the exported header: finds the entry of its problem and reads a knob. */
#include "mot_tuned.h"

#include <stdio.h>

int main(void) {
    const mot_tuned_entry *layer = mot_tuned_layer(4, 5, 24, 17, 12, 2);
    if (MOT_TUNED_COUNT != 2 || !layer || layer->steps != 3) return 1;
    if (strcmp(layer->step[1].variant, "experts_avx2_6x16") != 0) return 2;
    if (mot_tuned_value(&layer->step[1], "nc", 0) != 128 || mot_tuned_value(&layer->step[0], "dc", 7) != 7) return 3;
    if (mot_tuned_layer(4, 5, 24, 17, 64, 2)) return 4; /* a factor of 4 away: nothing is known */
    if (mot_tuned_layer(4, 5, 24, 17, 12, 3)) return 5;
    printf("tuned for %s: %s\n", MOT_TUNED_MACHINE, layer->step[1].choice);
    return 0;
}
