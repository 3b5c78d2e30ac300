// The same header from C++: owns a layer, runs it, and sees a wrong argument refused.
#include <mot/mot.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

// With one token, P is 1, and with E = 1 the layer is relu(x W1) W2: here W1 = W2 = identity.
int main() {
    const mot_shape shape{1, 1, 1, 4, 4};
    std::vector<float> x{1, -2, 3, -4}, controller(4, 0.5f), identity(16, 0.0f), out(4, NAN);
    for (size_t i = 0; i < 4; i++) identity[i * 5] = 1;
    mot_layer *raw = nullptr;
    if (mot_layer_create(&raw, &shape, nullptr, nullptr) != MOT_OK) return 1;
    const std::unique_ptr<mot_layer, decltype(&mot_layer_destroy)> layer(raw, mot_layer_destroy);
    if (mot_layer_set_weights(raw, controller.data(), identity.data(), identity.data()) != MOT_OK) return 2;
    if (mot_layer_run(raw, x.data(), x.data()) != MOT_ERROR_OVERLAP) return 3;
    if (mot_layer_run(raw, x.data(), out.data()) != MOT_OK) return 4;
    for (size_t i = 0; i < 4; i++)
        if (!(std::fabs(out[i] - std::fmax(x[i], 0.0f)) < 1e-6f)) return 5;
    std::printf("libmot %s from C++\n", mot_version_string());
    return 0;
}
