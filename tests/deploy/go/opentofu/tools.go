//go:build tools

// Package tools pins OpenTofu, so that `go mod tidy` keeps what it needs.
package tools

import _ "github.com/opentofu/opentofu/cmd/tofu"
