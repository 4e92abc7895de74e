package sourcetest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// owner is the unprivileged account that servers run as when the tests run as
// root, which they refuse to run as; nil means the tests' own.
type owner struct{ uid, gid int }

// unprivileged returns the named account where the tests run as root, else nil.
func unprivileged(name string) (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &owner{uid, gid}, nil
}

// own gives the path to the owner.
func (o *owner) own(path string) error {
	if o == nil {
		return nil
	}
	return os.Chown(path, o.uid, o.gid)
}

// command returns a command in dir, run as the owner, with a small fixed environment.
func (o *owner) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = attributes(o)
	return cmd
}

// run runs a command to its end; the error holds what it printed.
func (o *owner) run(dir, program string, args ...string) error {
	out, err := o.command(dir, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return nil
}

// process is a running server.
type process struct {
	cmd     *exec.Cmd
	dir     string
	logPath string
	done    chan struct{}
}

// launch starts a server in dir; it ends when this process does, however that ends.
func launch(as *owner, dir, program string, args ...string) (*process, error) {
	p := &process{dir: dir, logPath: filepath.Join(dir, "server.log"), done: make(chan struct{})}
	out, err := os.Create(p.logPath)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd = as.command(dir, program, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	begun := make(chan error)
	go func() {
		// The signal at the parent's death is tied to the thread that started the child.
		runtime.LockOSThread()
		err := p.cmd.Start()
		begun <- err
		if err == nil {
			p.cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-begun; err != nil {
		return nil, err
	}
	return p, nil
}

// ended reports whether the server is no longer running.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// log returns what the server printed.
func (p *process) log() string {
	b, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// stop ends the server, first asking with the signal, and removes its directory.
func (p *process) stop(ask syscall.Signal) {
	if !p.ended() {
		p.cmd.Process.Signal(ask)
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
			p.cmd.Process.Kill()
			<-p.done
		}
	}
	os.RemoveAll(p.dir)
}
