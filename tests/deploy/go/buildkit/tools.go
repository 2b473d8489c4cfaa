//go:build tools

// Package tools pins BuildKit, so that `go mod tidy` keeps what it needs.
package tools

import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
