// Package table lists all kinds of change. A kind that isn't here doesn't exist: it
// can neither be read nor carried out.
package table

import (
	"keymend/pkg/apply"
	"keymend/pkg/apply/copies"
	"keymend/pkg/apply/grant"
	"keymend/pkg/apply/group"
	"keymend/pkg/apply/role"
	"keymend/pkg/apply/statements"
	"keymend/pkg/apply/template"
)

// Kinds returns the table, by the names that steps have on the wire.
func Kinds() apply.Table {
	return apply.Table{
		apply.Of("EditKeyPolicy", statements.Add{}),
		apply.Of("RemoveStatements", statements.Remove{}),
		apply.Of("TidyStatements", statements.Tidy{}),
		apply.Of("CreateGrant", grant.Create{}),
		apply.Of("RetireGrant", grant.Retire{}),
		apply.Of("RevokeGrant", grant.Revoke{}),
		apply.Of("EnsureServiceLinkedRole", role.Ensure{}),
		apply.Of("DeleteServiceLinkedRole", role.Delete{}),
		apply.Of("UpdateGroup", group.Update{}),
		apply.Of("ResumeLaunch", group.Resume{}),
		apply.Of("SuspendLaunch", group.Suspend{}),
		apply.Of("CopyImage", copies.Make{}),
		apply.Of("CopySnapshot", copies.Make{}),
		apply.Of("RemoveCopy", copies.Remove{}),
		apply.Of("NewTemplateVersion", template.New{}),
		apply.Of("SetDefaultVersion", template.Default{}),
		apply.Of("DeleteTemplateVersion", template.Delete{}),
	}
}
