package webhook

import (
	"fmt"
	"strings"
)

// operation is one operation of RFC 6902.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

var escape = strings.NewReplacer("~", "~0", "/", "~1").Replace

// compare gives the operations that turn one pod into the other, for the fields that are written.
func compare(before, after *Pod) []operation {
	operations := make([]operation, 0, 8)
	operations = compareMaps(operations, "/metadata/labels", before.Labels, after.Labels)
	operations = compareMaps(operations, "/metadata/annotations", before.Annotations, after.Annotations)
	operations = compareAffinities(operations, before.Affinity, after.Affinity)
	operations = compareTolerations(operations, before, after)
	if before.PriorityClassName != after.PriorityClassName {
		operations = append(operations, written(
			"/spec/priorityClassName", before.PriorityClassName != "", after.PriorityClassName))
	}
	operations = comparePointers(operations, "/spec/priority", before.Priority, after.Priority)
	return comparePointers(
		operations, "/spec/preemptionPolicy", before.PreemptionPolicy, after.PreemptionPolicy)
}

func written(path string, existed bool, value any) operation {
	if existed {
		return operation{Op: "replace", Path: path, Value: value}
	}
	return operation{Op: "add", Path: path, Value: value}
}

func compareMaps(
	operations []operation, path string, before, after map[string]string,
) []operation {
	if before == nil && after != nil {
		return append(operations, operation{Op: "add", Path: path, Value: after})
	}
	for key, value := range after {
		if old, ok := before[key]; !ok || old != value {
			operations = append(operations, written(path+"/"+escape(key), ok, value))
		}
	}
	return operations
}

func compareAffinities(operations []operation, before, after *Affinity) []operation {
	switch {
	case before == after:
		return operations
	case before == nil:
		return append(operations, operation{Op: "add", Path: "/spec/affinity", Value: after})
	default:
		return append(operations, written(
			"/spec/affinity/nodeAffinity", before.NodeAffinity != nil, after.NodeAffinity))
	}
}

func compareTolerations(operations []operation, before, after *Pod) []operation {
	if before.Tolerations == nil && after.Tolerations != nil {
		return append(
			operations, operation{Op: "add", Path: "/spec/tolerations", Value: after.Tolerations})
	}
	for i := len(before.Tolerations); i < len(after.Tolerations); i++ {
		path := fmt.Sprintf("/spec/tolerations/%d", i)
		operations = append(operations, operation{Op: "add", Path: path, Value: after.Tolerations[i]})
	}
	return operations
}

func comparePointers[T comparable](
	operations []operation, path string, before, after *T,
) []operation {
	switch {
	case before == nil && after == nil, before != nil && after != nil && *before == *after:
		return operations
	case after == nil:
		return append(operations, operation{Op: "remove", Path: path})
	default:
		return append(operations, written(path, before != nil, after))
	}
}
