-- Health of a Node, for those who keep Nodes in Git or look at them in Argo CD; gpuclass keeps none there.

if obj.spec ~= nil and obj.spec.unschedulable then
  return { status = "Suspended", message = "cordoned" }
end
for _, condition in ipairs((obj.status or {}).conditions or {}) do
  if condition.type == "Ready" then
    local status = condition.status == "True" and "Healthy" or "Degraded"
    return { status = status, message = condition.message or "" }
  end
end
return { status = "Progressing", message = "no kubelet has reported yet" }
