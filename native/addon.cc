// The Node-API surface: checks arguments, calls Session, fills typed arrays. No system call and no sentence for
// users lives here.
#include <napi.h>

#include "session.h"

namespace prof {
namespace {

template <class Array, class Element>
Napi::Value to_array(Napi::Env env, const std::vector<Element>& values) {
  auto array = Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(Element));
  return array;
}

Napi::Value to_number(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Object to_object(Napi::Env env, const NewRows& rows) {
  auto object = Napi::Object::New(env);
  object["frameKind"] = to_array<Napi::Uint8Array>(env, rows.frame_kind);
  object["frameModule"] = to_array<Napi::Uint32Array>(env, rows.frame_module);
  object["frameAddress"] = to_array<Napi::BigUint64Array>(env, rows.frame_address);
  object["frameFunctionStart"] = to_array<Napi::BigUint64Array>(env, rows.frame_function_start);
  object["stackParent"] = to_array<Napi::Uint32Array>(env, rows.stack_parent);
  object["stackFrame"] = to_array<Napi::Uint32Array>(env, rows.stack_frame);
  return object;
}

Napi::Object to_object(Napi::Env env, const ModuleInfo& module) {
  static constexpr const char* kOpenedBy[] = {"map_files", "root", "exe", "memory", "vdso", "none"};
  auto object = Napi::Object::New(env);
  object["id"] = Napi::Number::New(env, module.id);
  object["path"] = Napi::String::New(env, module.path);
  object["buildId"] = Napi::String::New(env, module.build_id);
  object["fd"] = Napi::Number::New(env, module.fd);
  object["openedBy"] = Napi::String::New(env, kOpenedBy[static_cast<size_t>(module.opened_by)]);
  return object;
}

Napi::Object to_object(Napi::Env env, const Batch& batch) {
  auto object = Napi::Object::New(env);
  object["rows"] = to_object(env, batch.rows);
  auto modules = Napi::Array::New(env);
  for (const auto& module : batch.modules) modules[modules.Length()] = to_object(env, module);
  object["modules"] = modules;
  auto threads = Napi::Array::New(env);
  for (const auto& row : batch.threads) {
    auto thread = Napi::Object::New(env);
    thread["index"] = Napi::Number::New(env, row.index);
    thread["tid"] = Napi::Number::New(env, row.tid);
    thread["name"] = Napi::String::New(env, row.name);
    threads[threads.Length()] = thread;
  }
  object["threads"] = threads;
  auto functions = Napi::Array::New(env);
  for (const auto& each : batch.functions) {
    auto function = Napi::Object::New(env);
    function["name"] = Napi::String::New(env, each.name);
    function["script"] = Napi::String::New(env, each.script);
    function["line"] = Napi::Number::New(env, each.line);
    function["runtime"] = Napi::Number::New(env, static_cast<double>(each.runtime));
    functions[functions.Length()] = function;
  }
  object["functions"] = functions;
  object["timeNs"] = to_array<Napi::Float64Array>(env, batch.time_ns);
  object["weightNs"] = to_array<Napi::Float64Array>(env, batch.weight_ns);
  object["thread"] = to_array<Napi::Uint32Array>(env, batch.thread);
  object["stack"] = to_array<Napi::Uint32Array>(env, batch.stack);
  object["span"] = to_array<Napi::Uint32Array>(env, batch.span);
  object["samples"] = to_array<Napi::Uint32Array>(env, batch.samples);
  return object;
}

Napi::Object to_object(Napi::Env env, const Refusal& refusal) {
  auto object = Napi::Object::New(env);
  object["syscall"] = Napi::String::New(env, refusal.syscall);
  object["subject"] = Napi::String::New(env, refusal.subject);
  object["errno"] = Napi::Number::New(env, refusal.error);
  return object;
}

Napi::Object to_object(Napi::Env env, const RuntimeState& runtime) {
  auto object = Napi::Object::New(env);
  object["name"] = Napi::String::New(env, runtime.runtime);
  object["product"] = Napi::String::New(env, runtime.product);
  object["problem"] = Napi::Number::New(env, static_cast<double>(runtime.problem));
  object["constant"] = Napi::String::New(env, runtime.constant);
  object["errno"] = Napi::Number::New(env, runtime.error);
  return object;
}

Napi::Object to_object(Napi::Env env, const SessionState& state) {
  auto object = Napi::Object::New(env);
  if (!state.runtime.runtime.empty()) object["runtime"] = to_object(env, state.runtime);
  if (state.failure) object["failure"] = to_object(env, *state.failure);
  object["hasExited"] = Napi::Boolean::New(env, state.has_exited);
  object["elapsedNs"] = to_number(env, state.elapsed_ns);
  object["cpuNs"] = to_number(env, state.cpu_ns);
  object["stackBytes"] = to_number(env, state.stack_bytes);
  object["samples"] = to_number(env, state.counts.samples);
  object["truncated"] = to_number(env, state.counts.truncated);
  object["notKept"] = to_number(env, state.counts.not_kept);
  object["execs"] = to_number(env, state.counts.execs);
  object["shortLivedNs"] = to_number(env, state.counts.short_lived_ns);
  object["lost"] = to_number(env, state.loss.lost);
  object["lostNs"] = to_number(env, state.loss.lost_ns);
  object["throttled"] = to_number(env, state.loss.throttled);
  object["ringKib"] = to_number(env, state.limits.ring_kib);
  object["ringKibWanted"] = to_number(env, state.limits.ring_kib_wanted);
  object["threadsFollowed"] = to_number(env, state.limits.threads_followed);
  object["threadsRefused"] = to_number(env, state.limits.threads_refused);
  object["runningStacks"] = Napi::Number::New(env, static_cast<double>(state.limits.running_stacks));
  return object;
}

/// Waits for the drain thread on a worker thread of Node, then settles a promise.
class Waiting final : public Napi::AsyncWorker {
 public:
  Waiting(Napi::Env env, Napi::Object keep_alive, std::function<StartResult()> work)
      : Napi::AsyncWorker(env), deferred_(env), keep_alive_(Napi::Persistent(keep_alive)), work_(std::move(work)) {}

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override { result_ = work_(); }

  void OnOK() override {
    auto object = Napi::Object::New(Env());
    object["mapsError"] = Napi::Number::New(Env(), result_.maps_error);
    object["cut"] = to_object(Env(), result_.at_cut);
    if (result_.refusal) object["refusal"] = to_object(Env(), *result_.refusal);
    deferred_.Resolve(object);
  }

 private:
  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference keep_alive_;  // the session's wrapper must outlive the work
  std::function<StartResult()> work_;
  StartResult result_;
};

class SessionWrapper final : public Napi::ObjectWrap<SessionWrapper> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Session",
                       {InstanceMethod<&SessionWrapper::start>("start"), InstanceMethod<&SessionWrapper::stop>("stop"),
                        InstanceMethod<&SessionWrapper::drain>("drain"),
                        InstanceMethod<&SessionWrapper::state>("state"),
                        InstanceMethod<&SessionWrapper::close>("close")});
  }

  explicit SessionWrapper(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<SessionWrapper>(info),
        session_(std::make_unique<Session>(info[0].As<Napi::Number>().Int32Value())) {}

 private:
  Napi::Value start(const Napi::CallbackInfo& info) {
    const auto kind = static_cast<EngineKind>(info[0].As<Napi::Number>().Uint32Value());
    const auto period_ns = static_cast<uint64_t>(info[1].As<Napi::Number>().DoubleValue());
    return wait_for(info, [this, kind, period_ns] { return session_->start(kind, period_ns); });
  }

  Napi::Value stop(const Napi::CallbackInfo& info) {
    return wait_for(info, [this] {
      session_->stop();
      return StartResult{};
    });
  }

  Napi::Value drain(const Napi::CallbackInfo& info) { return to_object(info.Env(), session_->take_batch()); }
  Napi::Value state(const Napi::CallbackInfo& info) { return to_object(info.Env(), session_->state()); }

  /// Its thread and its open files would else stay until the garbage collector comes. Nothing may be asked afterwards.
  Napi::Value close(const Napi::CallbackInfo& info) {
    return wait_for(info, [this] {
      session_.reset();
      return StartResult{};
    });
  }

  Napi::Value wait_for(const Napi::CallbackInfo& info, std::function<StartResult()> work) {
    auto* waiting = new Waiting(info.Env(), Value(), std::move(work));  // deletes itself: Napi::AsyncWorker's way
    waiting->Queue();
    return waiting->promise();
  }

  std::unique_ptr<Session> session_;
};

Napi::Value probe_target(const Napi::CallbackInfo& info) {
  const Probe found = probe(info[0].As<Napi::Number>().Int32Value());
  auto object = Napi::Object::New(info.Env());
  object["fullSelf"] = Napi::Number::New(info.Env(), found.full_self);
  object["userSelf"] = Napi::Number::New(info.Env(), found.user_self);
  object["fullTarget"] = Napi::Number::New(info.Env(), found.full_target);
  object["userTarget"] = Napi::Number::New(info.Env(), found.user_target);
  object["ptrace"] = Napi::Number::New(info.Env(), found.ptrace);
  object["readMemory"] = Napi::Number::New(info.Env(), found.read_memory);
  return object;
}

Napi::Value probe_limits_of(const Napi::CallbackInfo& info) {
  const LimitProbe found = probe_limits(info[0].As<Napi::Number>().Int32Value());
  auto object = Napi::Object::New(info.Env());
  object["openFiles"] = Napi::Number::New(info.Env(), found.open_files);
  object["lockedMemory"] = Napi::Number::New(info.Env(), found.locked_memory);
  return object;
}

Napi::Value demangle_all(const Napi::CallbackInfo& info) {
  const auto names = info[0].As<Napi::Array>();
  auto readable = Napi::Array::New(info.Env(), names.Length());
  for (uint32_t i = 0; i < names.Length(); i++) {
    readable[i] = Napi::String::New(info.Env(), demangle(names.Get(i).As<Napi::String>().Utf8Value()));
  }
  return readable;
}

Napi::Value guard(const Napi::CallbackInfo& info) {
  guard_terminal(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::String>().Utf8Value());
  return info.Env().Undefined();
}

Napi::Value release_guard(const Napi::CallbackInfo& info) {
  release_terminal();
  return info.Env().Undefined();
}

std::vector<std::string> to_strings(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++) strings.push_back(array.Get(i).As<Napi::String>().Utf8Value());
  return strings;
}

Napi::Value launch_command(const Napi::CallbackInfo& info) {
  LaunchSpec spec;
  spec.path = info[0].As<Napi::String>().Utf8Value();
  spec.arguments = to_strings(info[1]);
  spec.environment = to_strings(info[2]);
  spec.output = static_cast<CommandOutput>(info[3].As<Napi::Number>().Uint32Value());
  auto result = launch(spec);
  auto object = Napi::Object::New(info.Env());
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    object["refusal"] = to_object(info.Env(), *refusal);
    return object;
  }
  auto& launched = std::get<LaunchedCommand>(result);
  object["pid"] = Napi::Number::New(info.Env(), launched.pid);
  object["outputFd"] = Napi::Number::New(info.Env(), launched.output.release());
  object["execResultFd"] = Napi::Number::New(info.Env(), launched.exec_result.release());
  return object;
}

Napi::Value release_command(const Napi::CallbackInfo& info) {
  const int error = release(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value());
  return Napi::Number::New(info.Env(), error);
}

Napi::Value reap_command(const Napi::CallbackInfo& info) {
  const auto end = reap(info[0].As<Napi::Number>().Int32Value());
  if (!end) return info.Env().Undefined();
  auto object = Napi::Object::New(info.Env());
  object["code"] = Napi::Number::New(info.Env(), end->code);
  object["signal"] = Napi::Number::New(info.Env(), end->signal);
  return object;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["Session"] = SessionWrapper::define(env);
  exports["probe"] = Napi::Function::New(env, probe_target);
  exports["probeLimits"] = Napi::Function::New(env, probe_limits_of);
  exports["demangle"] = Napi::Function::New(env, demangle_all);
  exports["guardTerminal"] = Napi::Function::New(env, guard);
  exports["releaseTerminal"] = Napi::Function::New(env, release_guard);
  exports["launch"] = Napi::Function::New(env, launch_command);
  exports["release"] = Napi::Function::New(env, release_command);
  exports["reap"] = Napi::Function::New(env, reap_command);
  return exports;
}

}  // namespace

NODE_API_MODULE(prof_tui, init)

}  // namespace prof
