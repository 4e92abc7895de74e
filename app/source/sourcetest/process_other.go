//go:build !linux

package sourcetest

import "syscall"

func attributes(*owner) *syscall.SysProcAttr { return nil }
