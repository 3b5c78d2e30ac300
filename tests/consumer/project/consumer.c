/* A host program that knows libmot from mot.h alone: computes a layer and compares it with the formulas in f64. */
#include <mot/mot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { G = 3, T = 4, E = 5, D = 24, H = 17 };
static float x[G][T][D], controller[D][E], w1[E][D][H], w2[E][H][D], out[G][T][D];
static double p[T][E], want[G][T][D];

static void fill(float *data, size_t count, unsigned seed) {
    srand(seed);
    for (size_t i = 0; i < count; i++) data[i] = (float)rand() / (float)RAND_MAX - 0.5f;
}

static void naive_route(int g) {
    for (int e = 0; e < E; e++) {
        double sum = 0;
        for (int t = 0; t < T; t++) {
            double logit = 0;
            for (int d = 0; d < D; d++) logit += (double)x[g][t][d] * (double)controller[d][e];
            sum += p[t][e] = exp(logit);
        }
        for (int t = 0; t < T; t++) p[t][e] /= sum;
    }
}

static void naive_expert(int g, int e) {
    double mixed[D] = {0}, hidden[H] = {0}, y[D] = {0};
    for (int t = 0; t < T; t++)
        for (int d = 0; d < D; d++) mixed[d] += p[t][e] * (double)x[g][t][d];
    for (int h = 0; h < H; h++) {
        for (int d = 0; d < D; d++) hidden[h] += mixed[d] * (double)w1[e][d][h];
        hidden[h] = fmax(hidden[h], 0);
    }
    for (int h = 0; h < H; h++)
        for (int d = 0; d < D; d++) y[d] += hidden[h] * (double)w2[e][h][d];
    for (int t = 0; t < T; t++)
        for (int d = 0; d < D; d++) want[g][t][d] += p[t][e] * y[d];
}

static void check(mot_status status) {
    if (status == MOT_OK) return;
    fprintf(stderr, "libmot: %s\n", mot_status_string(status));
    exit(1);
}

static double worst_error(void) {
    double worst = 0, largest = 0;
    for (int i = 0; i < G * T * D; i++) {
        double error = fabs((double)(&out[0][0][0])[i] - (&want[0][0][0])[i]);
        if (!(error <= worst)) worst = error; /* NaN stays */
        largest = fmax(largest, fabs((&want[0][0][0])[i]));
    }
    return worst / largest;
}

int main(void) {
    const mot_shape shape = {G, T, E, D, H};
    mot_layer *layer;
    char text[2048];
    fill(&x[0][0][0], G * T * D, 1);
    fill(&controller[0][0], D * E, 2);
    fill(&w1[0][0][0], E * D * H, 3);
    fill(&w2[0][0][0], E * H * D, 4);
    check(mot_layer_create(&layer, &shape, NULL, NULL));
    check(mot_layer_set_weights(layer, controller, w1, w2));
    check(mot_layer_run(layer, x, out));
    check(mot_layer_describe(layer, text, sizeof text));
    mot_layer_destroy(layer);
    for (int g = 0; g < G; g++) {
        naive_route(g);
        for (int e = 0; e < E; e++) naive_expert(g, e);
    }
    printf("libmot %s, worst error %.2g of the largest output\n%s", mot_version_string(), worst_error(), text);
    return worst_error() <= 1e-6 ? 0 : 1;
}
