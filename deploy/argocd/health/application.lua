-- Health of an Application, so that sync waves of Applications wait for one another.

local health = (obj.status or {}).health or {}
return { status = health.status or "Progressing", message = health.message or "" }
