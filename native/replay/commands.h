// The commands of unwind_replay, the unwinder's workbench: it unwinds recorded samples, single-stepped
// programs, stopped processes and perf.data files, so that tests can compare the chains with an independent
// truth. Not part of the addon. Results go to stdout as lines of text, complaints to stderr; exit code 0, 1
// or 2 (usage).
#pragma once

#include <span>

namespace prof::replay {

using Arguments = std::span<const char* const>;

/// `samples`: reads samples (sample_text.h) from stdin, prints a line of frames for each `unwind`.
int run_samples(Arguments arguments);
/// `step [--record] PROGRAM ARG...`: single-steps a program and compares every instruction's chain with the
/// return addresses its calls really pushed. --record prints each of them as a sample, with these addresses.
/// `--pc-and-sp` instead: with no other register told, a chain may end early (`cut`) but must not be wrong.
int run_step(Arguments arguments);
/// `live PID`: the chain of a stopped process's main thread.
int run_live(Arguments arguments);
/// `modules PID`: the target's modules and executable ranges as target_modules sees them.
int run_modules(Arguments arguments);
/// `maps`: parses the text of a maps file from stdin.
int run_maps(Arguments arguments);
/// `perf FILE`: the chain of each sample of a perf.data file made with --call-graph dwarf.
int run_perf(Arguments arguments);
/// `tables FILE...`: figures of the compiled tables, and whether slow look-ups agree with them.
int run_tables(Arguments arguments);

/// `runtime PID[/TID] COUNT [LATE_US]`: snapshots of a live thread, a line `ADDRESS g|b|n AS [NAME SCRIPT:LINE]` per frame
/// (generated, builtin or native code; what was inlined first) and `end END`, names read so much later. How many reach the
/// root and its own time per sample go to stderr.
int run_runtime(Arguments arguments);
/// `python PID`: an image of one deep Python stack of a live process: the words that reading it takes, as
/// test/native/python_frames_test.cc replays them.
int run_python(Arguments arguments);
/// `python-dumps PID COUNT`: stops the main thread so often, prints `stack`, then `NAME SCRIPT LINE` per Python frame,
/// innermost first (`-` when it cannot be proved); names are read late, as engines do. Each time SIGRTMIN is sent to the
/// thread while it stands still: a handler of faulthandler dumps the very same stack.
int run_python_dumps(Arguments arguments);

}  // namespace prof::replay
