-- Health of a GPUClass, GPUNode, GPUNodePool or GPUPolicy: what `gpuclass controller` says in its status.
-- What it said of an older generation is no answer about what was applied now.

local generation = obj.metadata.generation or 0

local function is_current(said)
  return (said.observedGeneration or generation) >= generation
end

local function text(condition)
  local message = condition.message or ""
  if condition.reason == nil or condition.reason == "" then
    return message
  end
  return condition.reason .. ": " .. message
end

local conditions = {}
if obj.status ~= nil and is_current(obj.status) then
  for _, condition in ipairs(obj.status.conditions or {}) do
    if is_current(condition) then
      conditions[condition.type] = condition
    end
  end
end

local ready, degraded = conditions["Ready"], conditions["Degraded"]
-- What waits for other documents is none to blame; as Degraded it would fail the sync that brings those.
if degraded ~= nil and degraded.status == "True" and degraded.reason ~= "Waiting" then
  return { status = "Degraded", message = text(degraded) }
end
if ready == nil then
  return { status = "Progressing", message = "gpuclass controller has not seen this generation yet" }
end
return { status = ready.status == "True" and "Healthy" or "Progressing", message = text(ready) }
