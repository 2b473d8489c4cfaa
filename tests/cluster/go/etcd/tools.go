//go:build tools

// Package tools pins the etcd server of the test control plane, so that `go mod tidy` keeps what it needs.
package tools

import _ "go.etcd.io/etcd/server/v3"
