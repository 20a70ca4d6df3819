// Waits inside a library that it loads from the path in its first argument.
#include <dlfcn.h>

int main(int count, char** values) {
  void* library = count > 1 ? dlopen(values[1], RTLD_NOW) : 0;
  if (library == 0) return 1;
  void (*wait_forever)(void) = (void (*)(void))dlsym(library, "wait_forever");
  wait_forever();
  return 0;
}
