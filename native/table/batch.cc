#include "table/batch.h"

#include <iterator>
#include <utility>

namespace prof {
namespace {

template <class Element>
void append(std::vector<Element>& to, std::vector<Element>& from) {
  if (to.empty()) {
    to.swap(from);
    return;
  }
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

// Both name every member: a new one does not compile until it is moved here too.
void move_rows(NewRows& to, NewRows& from) {
  auto& [kind, module, address, start, parent, frame] = from;
  append(to.frame_kind, kind);
  append(to.frame_module, module);
  append(to.frame_address, address);
  append(to.frame_function_start, start);
  append(to.stack_parent, parent);
  append(to.stack_frame, frame);
}

}  // namespace

void Batch::take_from(Batch& newer) {
  auto& [new_rows, new_modules, new_threads, new_functions, times, weights, new_thread, new_stack, new_span, new_samples] = newer;
  move_rows(rows, new_rows);
  append(modules, new_modules);
  append(threads, new_threads);
  append(functions, new_functions);
  append(time_ns, times);
  append(weight_ns, weights);
  append(thread, new_thread);
  append(stack, new_stack);
  append(span, new_span);
  append(samples, new_samples);
}

}  // namespace prof
