// A 32-bit program without a libc, for machines that have none: built with -m32 -nostdlib -static.
__attribute__((noinline, noclone)) static unsigned work_of_32_bit(unsigned value) {
  for (int i = 0; i < 1000000; i++) {
    value = value * 1664525u + 1013904223u;
    __asm__ volatile("" : "+r"(value));
  }
  return value;
}

void _start(void) {
  for (volatile unsigned value = 1;;) value = work_of_32_bit(value);
}
