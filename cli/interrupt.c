/* interrupt.c: see interrupt.h. */
#include "interrupt.h"
#include "exit.h"

#include <signal.h>

volatile int interrupt_signal;

static void note(int number) { interrupt_signal = number; }

void interrupt_catch(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, 0);
    sigaction(SIGTERM, &action, 0);
}

int interrupt_exit_code(int code) { return interrupt_signal ? EXIT_SIGNAL + interrupt_signal : code; }
