package wiring

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/settings"
)

// waved is a wave, and how long ago it was.
type waved struct {
	mode, hub string
	ago       time.Duration
}

// GetParameter implements Parameters.
func (w waved) GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return &ssm.GetParameterOutput{Parameter: &types.Parameter{
		Value:            new(`{"mode":"` + w.mode + `","hub":"` + w.hub + `","ownKey":"grant","foreignKey":"report"}`),
		LastModifiedDate: new(time.Now().Add(-w.ago)),
	}}, nil
}

// TestAWaveThatWasJustWritten: while another hub stack may be at work by what the wave said
// before, this one writes nothing, and comes again; it stops at once.
func TestAWaveThatWasJustWritten(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		wave  waved
		want  settings.Mode
		again bool
	}{
		"long ago":                 {waved{"enforce", "eu-west-1", 3 * time.Minute}, settings.Enforce, false},
		"just now":                 {waved{"enforce", "eu-west-1", time.Minute}, settings.Observe, true},
		"just now, by our clock":   {waved{"enforce", "eu-west-1", -time.Second}, settings.Observe, true},
		"just now, to propose":     {waved{"propose", "eu-west-1", time.Minute}, settings.Propose, false},
		"just now, to observe":     {waved{"observe", "eu-west-1", time.Minute}, settings.Observe, false},
		"just now, to another hub": {waved{"enforce", "us-east-1", time.Minute}, settings.Observe, false},
	} {
		w, text, err := readWave(t.Context(), tc.wave, "eu-west-1")
		if w.Mode != tc.want || (err != nil) != tc.again || err != nil && !strings.Contains(err.Error(), "another hub stack may") || (text == "") != tc.again {
			t.Errorf("%s: %+v %q, %v", name, w, text, err)
		}
	}
}
