// A shared library whose only function waits.
#include <unistd.h>

void wait_forever(void) {
  for (;;) pause();
}
