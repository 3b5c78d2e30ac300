/* fiber.h: a function on a stack of its own that can stop in the middle and go on later. */
#ifndef EMULATED_FIBER_H
#define EMULATED_FIBER_H

#include <functional>

namespace emulated {

class fiber {
  public:
    explicit fiber(std::function<void()> body);
    fiber(const fiber &) = delete;
    ~fiber();
    void resume(); /* from outside: until it pauses; the body must not return */
    void pause();  /* from inside */

  private:
    static void enter(fiber *self);
    std::function<void()> body;
    void *inside, *outside; /* stack pointers of the one that does not run */
    char *stack;
    const void *outer_stack = nullptr;
    size_t outer_bytes = 0;
};

} // namespace emulated

#endif
