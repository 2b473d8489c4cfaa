-- Health of an Application, so that sync waves of Applications wait for one another.
-- What is missing does not count for its own health (Argo CD 3.5): one of which a namespace is there and
-- nothing else is Healthy, and would let the next wave begin. So one that was never synced to its end is not.

local status = obj.status or {}
local health = status.health or {}
if #(status.history or {}) == 0 and health.status ~= "Degraded" then
  return { status = "Progressing", message = "not synced yet" }
end
return { status = health.status or "Progressing", message = health.message or "" }
