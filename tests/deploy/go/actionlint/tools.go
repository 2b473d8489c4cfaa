//go:build tools

// Package tools pins the linter of GitHub workflows, so that `go mod tidy` keeps what it needs.
package tools

import _ "github.com/rhysd/actionlint"
