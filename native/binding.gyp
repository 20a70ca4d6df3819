{
  "variables": {
    "warnings": ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wold-style-cast", "-Werror"]
  },
  "target_defaults": {
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-O2", "-g", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "<@(warnings)"],
    "include_dirs": ["."]
  },
  "targets": [
    {
      "target_name": "prof_tui",
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc": ["-isystem", "<!(node -p \"require('path').resolve(require('node-addon-api').include_dir)\")"],
      "sources": ["<!@(node -p \"['.','base','capture','launch','proc','runtime','table','unwind'].flatMap((d) => require('fs').readdirSync(d).filter((f) => f.endsWith('.cc')).map((f) => d + '/' + f)).join(' ')\")"]
    },
    {
      "target_name": "prof_tui_payload",
      "type": "none",
      "actions": [
        {
          "action_name": "payload",
          "inputs": [
            "capture/payload/build.py", "capture/payload/entry.S", "capture/payload/payload.cc",
            "capture/payload/payload.ld", "capture/payload/layout.h", "capture/payload/python_frames.h",
            "capture/payload/python_walk.h"
          ],
          "outputs": ["<(SHARED_INTERMEDIATE_DIR)/payload_bytes.h"],
          "action": ["python3", "capture/payload/build.py", "<@(_outputs)"]
        }
      ]
    },
    {
      "target_name": "prof_tui_injector",
      "type": "executable",
      "dependencies": ["prof_tui_payload"],
      "hard_dependency": 1,
      "cflags_cc": ["-pthread"],
      "ldflags": ["-pthread"],
      "include_dirs": ["<(SHARED_INTERMEDIATE_DIR)"],
      "sources": [
        "capture/python_stacks.cc", "capture/thread_ids.cc", "capture/threads.cc", "capture/tracee_stop.cc", "proc/maps.cc",
        "<!@(node -p \"require('fs').readdirSync('capture/injector').filter((f) => f.endsWith('.cc')).map((f) => 'capture/injector/' + f).join(' ')\")"
      ]
    },
    {
      "target_name": "prof_tui_demo",
      "type": "executable",
      "cflags!": ["-fno-omit-frame-pointer"],
      "cflags_cc": ["-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread"],
      "ldflags": ["-pthread"],
      "sources": ["demo/demo.cc", "demo/work.cc"]
    },
    {
      "target_name": "unwind_replay",
      "type": "executable",
      "ldflags": ["-pthread"],
      "sources": [
        "target_modules.cc",
        "<!@(node -p \"['proc','runtime','unwind','replay'].flatMap((d) => require('fs').readdirSync(d).filter((f) => f.endsWith('.cc')).map((f) => d + '/' + f)).join(' ')\")"
      ]
    }
  ]
}
