//go:build tools

// Package tools pins Argo CD and the kustomize that its repo-server starts, so that `go mod tidy` keeps
// what they need.
package tools

import (
	_ "github.com/argoproj/argo-cd/v3/cmd"
	_ "sigs.k8s.io/kustomize/kustomize/v5"
)
