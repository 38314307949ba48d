package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/audit"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
	"keymend/pkg/wiring"
)

// handle diagnoses, and carries out what is permitted if the person asked for
// it. It returns the records that were written.
func (p *program) handle(ctx context.Context, s session, look signal.Look, a applying, told ...string) ([]record.Record, error) {
	log, err := p.openLog(a)
	if err != nil {
		return nil, err
	}
	defer log.close()
	defer p.busy("reading the group, its keys and their policies")()
	x := p.fixer(s, log, a)
	x.Told = told
	found, err := x.Diagnose(ctx, look)
	if err != nil {
		return log.records, fmt.Errorf("diagnose %s: %w", look.Group, err)
	}
	if !a.Apply {
		return log.records, nil
	}
	var messages localQueue
	for _, d := range found {
		if d.Message != nil {
			messages = append(messages, *d.Message)
		}
	}
	defer p.begins(ctx, log)()
	out := applier{program: p, s: s, x: x, log: log, yes: a.Yes}
	if err := out.carryOut(ctx, messages); err != nil {
		return log.records, reversible(s, a.AuditFile, fmt.Errorf("heal %s: %w", look.Group, err))
	}
	return log.records, nil
}

// fixer is the functions' Fixer, for a person: it enforces, has the settings of flags and
// environment, and sends changes to nobody. The caller decides whether to carry them out.
func (p *program) fixer(s session, log *auditLog, a applying) *remediation.Fixer {
	return p.fixerOf(s, p.world(s), log, a)
}

func (p *program) fixerOf(s session, world wiring.AWS, log *auditLog, a applying) *remediation.Fixer {
	log.writer.Settings, log.caller = world.Settings.Digest(), s.arn
	return &remediation.Fixer{Open: world.Open, Sleep: wiring.Sleep, Looker: remediation.Looker{
		Settings: world.Settings, AWS: terminal{world, p.writeAll(s, a), func(command string) { p.turnOn = quote.Task{Account: s.account, Command: command} }, a.AuditFile}, Queue: remediation.Nobody{}, Log: log, Kinds: table.Kinds(), Plan: plan.All, Person: s.principal(),
	}}
}

// world reaches AWS as the settings say.
func (p *program) world(s session) wiring.AWS { return p.worldOf(s, p.config, "") }

// worldOf reaches AWS as other settings say. The role, "" = none, reads other accounts where
// these name no deployed roles.
func (p *program) worldOf(s session, config settings.Config, role string) wiring.AWS {
	return wiring.AWS{Settings: config, Own: s.aws, Sessions: account.New(s.aws, account.Options{
		Partition: config.Partition, RolePrefix: config.RolePrefix, Role: role, Version: p.Version,
	})}
}

// An auditLog takes the records of one run: to standard output where JSON is
// asked for, to a file where something may be written, and to memory, to be
// shown.
type auditLog struct {
	writer  audit.Writer
	file    *os.File
	records []record.Record
	caller  string      // ARN of the person's credentials
	begun   atomic.Bool // the newest record is an intent
}

func (p *program) openLog(a applying) (*auditLog, error) {
	out := []io.Writer{io.Discard}
	if p.json() {
		out = append(out, p.Out)
	}
	log := &auditLog{}
	if a.Apply {
		const private = 0o600
		file, err := os.OpenFile(a.AuditFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, private)
		if err == nil {
			err = endLine(file)
		}
		if err != nil {
			return nil, misused("open audit file: %w; nothing is changed that can't be recorded: give another --audit-file", err)
		}
		log.file, out = file, append(out, file)
	}
	log.writer = audit.Writer{Out: io.MultiWriter(out...), Now: time.Now, Version: p.Version, NoMetrics: true}
	return log, nil
}

// endLine ends a file's last line where the disk had no room for its end, so that the
// next record is a line of its own.
func endLine(file *os.File) error {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return err
	}
	written, err := os.Open(file.Name())
	if err != nil {
		return err
	}
	defer written.Close() //nolint:errcheck // it was only read
	last := make([]byte, 1)
	if _, err := written.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = file.WriteString("\n")
	return err
}

// Write implements remediation.Log.
func (l *auditLog) Write(ctx context.Context, r record.Record) error {
	r.Caller = l.caller
	if err := l.writer.Write(ctx, r); err != nil {
		return err
	}
	l.begun.Store(r.Phase == record.Intent)
	r.Time = l.writer.Now()
	l.records = append(l.records, r)
	return nil
}

func (l *auditLog) close() {
	if l.file != nil {
		_ = l.file.Close() // each record was written whole before
	}
}
