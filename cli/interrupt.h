/* interrupt.h: SIGINT and SIGTERM end long work early and keep its results; a second one kills. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

extern volatile int interrupt_signal; /* 0 until one came */

void interrupt_catch(void);
/* 128 + the signal if one came, else `code`. */
int interrupt_exit_code(int code);

#endif
