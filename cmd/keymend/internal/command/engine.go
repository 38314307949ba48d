package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/audit"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/live"
	"keymend/pkg/settings"
)

// handle diagnoses, and carries out what is permitted if the person asked for
// it. It returns the records that were written.
func (p *program) handle(ctx context.Context, s session, f activity.Failure, a applying) ([]audit.Record, error) {
	log, err := p.openLog(a)
	if err != nil {
		return nil, err
	}
	defer log.close()
	e, err := p.engine(s, log)
	if err != nil {
		return nil, err
	}
	found, err := e.Diagnose(ctx, remediation.SignalOf(f))
	if err != nil {
		return log.records, fmt.Errorf("diagnose %s: %w", f.Group, err)
	}
	if !a.Apply {
		return log.records, nil
	}
	var messages []remediation.Message
	for _, d := range found {
		if d.Message != nil {
			messages = append(messages, *d.Message)
		}
	}
	if err := carryOut(ctx, e, messages); err != nil {
		return log.records, fmt.Errorf("heal %s: %w", f.Group, err)
	}
	return log.records, nil
}

// carryOut carries out messages, and what follows from them. As in the queue, an
// equal message isn't carried out a second time.
func carryOut(ctx context.Context, e *remediation.Engine, messages []remediation.Message) error {
	seen := map[string]bool{}
	e.Next = func(_ context.Context, m remediation.Message) error {
		messages = append(messages, m)
		return nil
	}
	for ; len(messages) > 0; messages = messages[1:] {
		m := messages[0]
		if seen[m.Digest] {
			continue
		}
		seen[m.Digest] = true
		m.Delivery = remediation.Delivery{Sent: time.Now(), Receives: 1}
		if _, err := e.Remediate(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// place finds the group that an event about an image is for.
func (p *program) place(ctx context.Context, s session, f activity.Failure) (activity.Failure, error) {
	if f.Group != "" {
		return f, nil
	}
	e, err := p.engine(s, &auditLog{})
	if err != nil {
		return f, err
	}
	return e.Place(ctx, f)
}

// undo takes back what a record says was written.
func (p *program) undo(ctx context.Context, s session, r audit.Record, a applying) (audit.Record, error) {
	log, err := p.openLog(a)
	if err != nil {
		return audit.Record{}, err
	}
	defer log.close()
	e, err := p.engine(s, log)
	if err != nil {
		return audit.Record{}, err
	}
	return e.Undo(ctx, r)
}

// engine makes the engine that the functions have too, for a person: enforcing,
// with what the environment says of the rest (KEYMEND_OWN_KEY and so on), and
// with nobody to send changes to. Whether they are carried out is the caller's
// to say.
func (p *program) engine(s session, log *auditLog) (*remediation.Engine, error) {
	world, err := p.world(s)
	if err != nil {
		return nil, err
	}
	config := world.Settings
	granter := live.Granter(config)
	if granter == nil {
		granter = func(string) access.Principal { return s.principal() }
	}
	copies := live.CopierRole(config)
	if copies == nil {
		copies = granter
	}
	log.writer.Settings = config.Digest()
	return &remediation.Engine{
		Settings: config, View: world.View, Open: world.Open,
		Switch: live.Switch(ssm.NewFromConfig(s.aws), config.SwitchParameter),
		Record: log.write, Sleep: live.Sleep, RetiringRole: live.RetiringRole(config), PersonAsked: true,
		Granter: granter, Try: world.Try, OpenRole: world.OpenRole,
		Copies: world.Copies, Copier: world.Copier, CopierRole: copies,
	}, nil
}

// world is AWS as the environment's settings have it reached.
func (p *program) world(s session) (live.AWS, error) {
	config, err := settings.Parse(func(name string) string {
		switch name {
		case settings.EnvMode:
			return "enforce"
		case settings.EnvChangesQueueURL:
			return ""
		}
		return p.Getenv(name)
	})
	if err != nil {
		return live.AWS{}, misused("settings in the environment: %w", err)
	}
	return live.AWS{Settings: config, Sessions: account.New(s.aws, account.Options{
		Partition: config.Partition, RolePrefix: config.RolePrefix, Version: p.Version,
	})}, nil
}

// reading is a session as the account's reader, where roles are named.
func (p *program) reading(ctx context.Context, s session) (session, error) {
	world, err := p.world(s)
	if err == nil {
		s.aws, err = world.Sessions.Config(ctx, s.account, s.aws.Region, permission.Reader, nil)
	}
	return s, err
}

// An auditLog takes the records of one run: to standard output where JSON is
// asked for, to a file where something may be written, and to memory, to be
// shown.
type auditLog struct {
	writer  audit.Writer
	file    *os.File
	records []audit.Record
}

func (p *program) openLog(a applying) (*auditLog, error) {
	out := []io.Writer{io.Discard}
	if p.flags.Output == "json" {
		out = append(out, p.Out)
	}
	log := &auditLog{}
	if a.Apply {
		const private = 0o600
		file, err := os.OpenFile(a.AuditFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, private)
		if err != nil {
			return nil, misused("open audit file: %w; nothing is changed that can't be recorded: give another --audit-file", err)
		}
		log.file, out = file, append(out, file)
	}
	log.writer = audit.Writer{Out: io.MultiWriter(out...), Now: time.Now, Version: p.Version, NoMetrics: true}
	return log, nil
}

func (l *auditLog) write(ctx context.Context, r audit.Record) error {
	if err := l.writer.Write(ctx, r); err != nil {
		return err
	}
	r.Time = l.writer.Now()
	l.records = append(l.records, r)
	return nil
}

func (l *auditLog) close() {
	if l.file != nil {
		_ = l.file.Close() // each record was written whole before
	}
}
