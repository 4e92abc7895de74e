package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/content"
	"assay/app/dashboard"
	"assay/app/query"
	"assay/app/report"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/app/store"
	"assay/config"
)

// errDiffers is what "assay apply --dry-run" ends with where there is something to change.
var errDiffers = errors.New("the files differ from what is here; nothing was changed")

// contentCall is what export and apply are given.
type contentCall struct {
	dir           string
	as            string
	dryRun, prune bool
	config        config.Config
}

func contentFlags(c call, name string, more func(*flag.FlagSet, *contentCall)) (in contentCall, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(c.errors)
	file := flags.String("config", "", "file of settings")
	data := flags.String("data-dir", "", "data directory")
	if more != nil {
		more(flags, &in)
	}
	// The folder may stand before the flags or after them.
	var words []string
	for rest := c.args; ; {
		if err := flags.Parse(rest); err != nil {
			return in, err
		}
		if rest = flags.Args(); len(rest) == 0 {
			break
		}
		words, rest = append(words, rest[0]), rest[1:]
	}
	if len(words) != 1 {
		return in, fmt.Errorf("usage: assay %s DIR [FLAGS]", name)
	}
	in.dir = words[0]
	var args []string
	if *file != "" {
		args = append(args, "--config", *file)
	}
	if *data != "" {
		args = append(args, "--data-dir", *data)
	}
	in.config, _, _, err = config.Load(args, c.env, c.errors)
	return in, err
}

// contentStores are the stores of what is exported and applied, over a view of our store.
func (r *rooms) contentStores(in *store.Store) *content.Stores {
	s := &content.Stores{People: account.NewStore(in, r.vault, r.audit), Connections: r.connections, Questions: query.NewStore(in, r.audit), Rules: query.NewRules(in, r.pools, r.audit),
		Dashboards: dashboard.NewStore(in, r.audit), Reports: report.NewStore(in, r.audit), Channels: schedule.NewChannels(in, r.vault, r.audit),
		Schedules: saved.NewStore[schedule.Body](in, r.audit, schedule.KindSchedule), Alerts: saved.NewStore[schedule.AlertBody](in, r.audit, schedule.KindAlert)}
	r.tied(s.Questions, s.Dashboards, s.Reports)
	return s
}

// exportCommand is "assay export DIR": what was saved as text files.
func exportCommand(ctx context.Context, c call) error {
	in, err := contentFlags(c, "export", nil)
	if err != nil {
		return err
	}
	r, err := openRooms(ctx, in.config, newLog(c.errors, in.config.LogFormat))
	if err != nil {
		return err
	}
	defer r.close()
	files, err := content.Export(ctx, r.contentStores(r.store))
	if err != nil {
		return plain(err)
	}
	written, err := content.Write(in.dir, files)
	if err != nil {
		return plain(err)
	}
	_, err = fmt.Fprintf(c.out, "%d files in %s: %d written, %d as they were, %d removed.\n", len(files), in.dir, len(written.Changed), written.Same, len(written.Removed))
	return err
}

// applyCommand is "assay apply DIR": what text files say, saved.
func applyCommand(ctx context.Context, c call) error {
	in, err := contentFlags(c, "apply", func(flags *flag.FlagSet, in *contentCall) {
		flags.BoolVar(&in.dryRun, "dry-run", false, "show the difference and change nothing; ends with 2 where there is one")
		flags.BoolVar(&in.prune, "prune", false, "remove what is in no file")
		flags.StringVar(&in.as, "as", "", "the address of who applies the files, with their rights")
	})
	if err != nil {
		return err
	}
	files, strangers, err := content.Read(in.dir)
	if err != nil {
		return err
	}
	if len(files) == 0 && len(strangers) == 0 {
		return fmt.Errorf("%s holds no files of an export", in.dir)
	}
	r, err := openRooms(ctx, in.config, newLog(c.errors, in.config.LogFormat))
	if err != nil {
		return err
	}
	defer r.close()
	ctx = audit.As(ctx, audit.Actor{Name: "system", Via: "command"})
	options := content.Options{Prune: in.prune}
	if in.as != "" {
		p, err := r.people.ByEmail(ctx, in.as)
		if err != nil {
			return plain(err)
		}
		if options.By, err = r.people.Active(ctx, p.ID); err != nil {
			return plain(err)
		}
		ctx = audit.As(ctx, audit.Actor{ID: p.ID, Name: p.Email, Via: "command"})
	}
	plan, problems, err := content.Prepare(ctx, r.contentStores(r.store), files, options)
	if err != nil {
		return plain(err)
	}
	if problems = slices.Concat(strangers, problems); len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintln(c.errors, p)
		}
		return fmt.Errorf("nothing was changed: %d to mend", len(problems))
	}
	for _, note := range plan.Notes {
		fmt.Fprintln(c.errors, "note:", note)
	}
	if _, err := io.WriteString(c.out, coloured(c.out, harmless(plan.Diff()))); err != nil {
		return err
	}
	if in.dryRun {
		fmt.Fprintf(c.out, "%s.\n", plan.Summary())
		if len(plan.Changes) > 0 {
			return &exit{2, errDiffers}
		}
		return nil
	}
	if err := plan.Apply(ctx, content.Rooms{Store: r.store, Stores: r.contentStores, Pools: r.pools}); err != nil {
		return plain(err)
	}
	fmt.Fprintf(c.out, "Applied: %s.\n", plan.Summary())
	return nil
}

// exit is an error with which the program ends in another way than usual.
type exit struct {
	code int
	error
}

func (e *exit) Unwrap() error { return e.error }

// harmless takes from a text what a terminal would obey.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// coloured marks a difference on a terminal.
func coloured(out io.Writer, diff string) string {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return diff
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return diff
	}
	var b strings.Builder
	for line := range strings.Lines(diff) {
		code := ""
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
			code = "1"
		case strings.HasPrefix(line, "@@"):
			code = "36"
		case strings.HasPrefix(line, "+"):
			code = "32"
		case strings.HasPrefix(line, "-"):
			code = "31"
		}
		if code == "" {
			b.WriteString(line)
			continue
		}
		b.WriteString("\x1b[" + code + "m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n")
	}
	return b.String()
}
