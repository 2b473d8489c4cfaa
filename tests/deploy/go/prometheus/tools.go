//go:build tools

// Package tools pins Prometheus, so that `go mod tidy` keeps what it needs.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
