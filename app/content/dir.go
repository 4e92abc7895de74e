package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"assay/app/fault"
)

// Bounds of a folder of files.
const (
	mostFiles = 20_000
	mostBytes = 3 << 20 // of one file
)

// Written is what Write did.
type Written struct {
	Changed, Removed []string
	Same             int
}

// Write makes a folder hold the files and none of an earlier export's that are no
// more. A folder that no export made is written to only where nothing of it would
// be replaced; nothing is ever written or removed through a symbolic link.
func Write(dir string, files []File) (w Written, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return w, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return w, err
	}
	defer root.Close()
	there, strangers, err := ours(root)
	if err != nil {
		return w, err
	}
	_, marked := there[markFile]
	if len(strangers) > 0 {
		return w, fault.New(fault.Conflict, "%s is no file of an export; move it, or name another folder", strangers[0].Path)
	}
	if !marked && len(there) > 0 {
		names := make([]string, 0, len(there))
		for name := range there {
			names = append(names, name)
		}
		slices.Sort(names)
		return w, fault.New(fault.Conflict, "%s was not written by an export; name an empty folder, or one that an export made", names[0])
	}
	for _, f := range files {
		before, known := there[f.Path]
		delete(there, f.Path)
		if known && bytes.Equal(before, f.Data) {
			w.Same++
			continue
		}
		if err := put(root, f); err != nil {
			return w, err
		}
		w.Changed = append(w.Changed, f.Path)
	}
	for name := range there {
		if err := root.Remove(name); err != nil {
			return w, err
		}
		w.Removed = append(w.Removed, name)
	}
	slices.Sort(w.Removed)
	return w, nil
}

// put replaces a file as a whole: one who reads it meanwhile, or finds it after a
// crash, has the old or the new one.
func put(root *os.Root, f File) error {
	if folder := path.Dir(f.Path); folder != "." {
		if err := root.MkdirAll(folder, 0o777); err != nil {
			return err
		}
	}
	temporary := path.Join(path.Dir(f.Path), "."+path.Base(f.Path)+".new")
	if err := root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = out.Write(f.Data)
	if err := errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	return root.Rename(temporary, f.Path)
}

// Read returns the files of a folder, by path, and what in it is none of ours
// where only ours belong.
func Read(dir string) (files map[string][]byte, problems []Problem, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	return ours(root)
}

// ours reads the files that an export could have written. Others beside them are
// left alone; hidden files within its folders too.
func ours(root *os.Root) (files map[string][]byte, strangers []Problem, err error) {
	files = map[string][]byte{}
	read := func(name string) error {
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			strangers = append(strangers, Problem{name, 0, "This is no plain file, and is not read"})
			return nil
		case info.Size() > mostBytes:
			strangers = append(strangers, Problem{name, 0, fmt.Sprintf("The file is larger than %d MiB", mostBytes>>20)})
			return nil
		case len(files) >= mostFiles:
			return fault.New(fault.Invalid, "There are more than %d files", mostFiles)
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
		files[name] = data
		return err
	}
	for _, name := range []string{markFile, grantsFile} {
		if err := read(name); err != nil {
			return nil, nil, err
		}
	}
	for _, kind := range Kinds {
		if kind == Grants {
			continue
		}
		info, err := root.Lstat(string(kind))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if !info.IsDir() {
			strangers = append(strangers, Problem{string(kind), 0, "This is no folder, and is not read"})
			continue
		}
		list, err := fs.ReadDir(root.FS(), string(kind))
		if err != nil {
			return nil, nil, err
		}
		for _, entry := range list {
			name := string(kind) + "/" + entry.Name()
			switch {
			case strings.HasPrefix(entry.Name(), "."):
			case !entry.IsDir() && path.Ext(name) != kind.extension():
				strangers = append(strangers, Problem{name, 0, "Files here end in " + kind.extension()})
			default:
				if err := read(name); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	return files, strangers, nil
}
