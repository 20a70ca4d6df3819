// An ordinary dynamically linked program: lazy binding, callbacks out of libc, and a signal handler.
// Prints nothing; exit code 0.
#include <signal.h>
#include <stdlib.h>

static volatile sig_atomic_t handled;

static int descending(const void* a, const void* b) { return *(const int*)b - *(const int*)a; }

static void on_signal(int number) { handled = number; }

int main(void) {
  int numbers[16];
  for (int i = 0; i < 16; ++i) numbers[i] = i * 7 % 16;
  qsort(numbers, 16, sizeof(int), descending);
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  return numbers[0] == 15 && handled == SIGUSR1 ? 0 : 1;
}
