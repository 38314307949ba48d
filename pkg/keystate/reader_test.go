package keystate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/keystate"
	"keymend/pkg/plan"
)

const (
	own     = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-1:" + own + ":key/1a2b3c4d-0000-0000-0000-000000000001"
	farARN  = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-0000-0000-00000000000f"
	roleARN = "arn:aws:iam::" + own + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	policy  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
)

// An endpoint is KMS and IAM on the wire: an answer for each operation, for a
// further page "operation marker".
type endpoint struct {
	mu      sync.Mutex
	answers map[string]string
	calls   []string // operations with what they were asked
}

func healthy() map[string]string {
	quoted, _ := json.Marshal(policy)
	return map[string]string{
		"DescribeKey":         `{"KeyMetadata":{"AWSAccountId":"111122223333","Arn":"` + keyARN + `","KeyId":"1a2b3c4d-0000-0000-0000-000000000001","CreationDate":1.7E9,"Enabled":true,"KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS","MultiRegion":true,"MultiRegionConfiguration":{"MultiRegionKeyType":"REPLICA"}}}`,
		"GetKeyPolicy":        `{"Policy":` + string(quoted) + `,"PolicyName":"default"}`,
		"ListGrants":          `{"Grants":[{"GrantId":"g1","Name":"keymend-1","GranteePrincipal":"` + roleARN + `","IssuingAccount":"arn:aws:iam::111122223333:root","Operations":["Decrypt","CreateGrant"],"Constraints":{"EncryptionContextSubset":{"aws:ebs:id":"vol-1"}}}],"Truncated":true,"NextMarker":"m2"}`,
		"ListGrants m2":       `{"Grants":[{"GrantId":"g2","GranteePrincipal":"` + roleARN + `","Operations":["DescribeKey"]}],"Truncated":false}`,
		"ListResourceTags":    `{"Tags":[{"TagKey":"keymend","TagValue":"remediate"}],"Truncated":true,"NextMarker":"m2"}`,
		"ListResourceTags m2": `{"Tags":[{"TagKey":"team","TagValue":""}],"Truncated":false}`,
		"ListAliases":         `{"Aliases":[{"AliasName":"alias/zz"},{"AliasName":"alias/platform-ebs"}],"Truncated":false}`,
		"GetRole":             `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/aws-service-role/autoscaling.amazonaws.com/</Path><RoleName>AWSServiceRoleForAutoScaling</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>` + roleARN + `</Arn><CreateDate>2026-03-02T08:59:58Z</CreateDate></Role></GetRoleResult></GetRoleResponse>`,
	}
}

func refused(code, message string) string {
	return fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message)
}

func denied(action string) string {
	return refused("AccessDeniedException", "User: arn:aws:sts::111122223333:assumed-role/keymend-reader/keymend-reader is not authorized to perform: "+action+" on resource: "+keyARN+" because no identity-based policy allows the "+action+" action")
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct{ KeyId, GranteePrincipal, Marker string }
	_, name, isKMS := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if isKMS {
		_ = json.Unmarshal(body, &in)
	} else {
		name = "GetRole"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, strings.TrimSpace(name+" "+in.KeyId+" "+in.GranteePrincipal))
	answer, ok := e.answers[strings.TrimSpace(name+" "+in.Marker)]
	if !ok || strings.Contains(answer, `"__type"`) || strings.Contains(answer, "<ErrorResponse") {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = io.WriteString(w, answer)
}

func serve(t *testing.T, change map[string]string) (*keystate.Reader, *endpoint) {
	t.Helper()
	e := &endpoint{answers: healthy()}
	for name, answer := range change {
		e.answers[name] = answer
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return keystate.FromConfig(own, aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}), e
}

func TestRead(t *testing.T) {
	t.Parallel()
	r, e := serve(t, nil)
	s, err := r.Read(t.Context(), "alias/platform-ebs", roleARN)
	if err != nil {
		t.Fatal(err)
	}
	if s.Facts.Policy == nil || s.Facts.Policy.String() != policy {
		t.Errorf("policy %v", s.Facts.Policy)
	}
	s.Facts.Policy = nil
	want := keystate.State{
		Facts: access.Facts{
			Key: access.Key{ARN: keyARN, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: true, MultiRegionType: "REPLICA"},
			Grants: []access.Grant{
				{ID: "g1", Name: "keymend-1", GranteePrincipal: roleARN, IssuingAccount: "arn:aws:iam::111122223333:root", Operations: []string{"Decrypt", "CreateGrant"},
					Constraints: &access.Constraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-1"}}},
				{ID: "g2", GranteePrincipal: roleARN, Operations: []string{"DescribeKey"}},
			},
		},
		Alias: "alias/platform-ebs",
		Tags:  map[string]string{"keymend": "remediate", "team": ""},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if !slices.Contains(e.calls, "ListGrants "+keyARN+" "+roleARN) || !slices.Contains(e.calls, "DescribeKey alias/platform-ebs") {
		t.Errorf("calls %q", e.calls)
	}
}

// TestReadElsewhere: a key of another Region isn't asked for. Its ARN is all that
// a plan needs to say what is wrong.
func TestReadElsewhere(t *testing.T) {
	t.Parallel()
	r, e := serve(t, nil)
	far := strings.Replace(keyARN, "eu-west-1", "us-east-1", 1)
	s, err := r.Read(t.Context(), far, roleARN)
	if err != nil || len(e.calls) > 0 || s.Facts.Key.ARN != far || s.Facts.PolicyUnreadable != "the key is in us-east-1" {
		t.Errorf("%+v, calls %q, %v", s, e.calls, err)
	}
	f := plan.Finding{Account: own, Region: "eu-west-1", Principal: access.Principal{ARN: roleARN, ID: "AROA"}, Operations: []string{"CreateGrant"}, Facts: s.Facts}
	if p := plan.For(f.Evaluate(), plan.Options{}); p.NoFix == nil || p.NoFix.Reason != plan.OtherRegion {
		t.Errorf("%+v", p)
	}
}

// TestAliasIsFollowedAnew: an alias that moves is another key from then on.
func TestAliasIsFollowedAnew(t *testing.T) {
	t.Parallel()
	r, e := serve(t, nil)
	if s, err := r.Read(t.Context(), "alias/platform-ebs", roleARN); err != nil || s.Facts.Key.ARN != keyARN {
		t.Fatal(s, err)
	}
	moved := strings.Replace(keyARN, "0001", "0002", 1)
	e.answers["DescribeKey"] = strings.Replace(healthy()["DescribeKey"], keyARN, moved, 1)
	if s, err := r.Read(t.Context(), "alias/platform-ebs", roleARN); err != nil || s.Facts.Key.ARN != moved || !slices.Contains(e.calls, "GetKeyPolicy "+moved) {
		t.Errorf("%s, calls %q, %v", s.Facts.Key.ARN, e.calls, err)
	}
}

// TestRemembering: each thing once, by whatever name and by however many at the
// same time; also that there is no such key. What may pass is asked again.
func TestRemembering(t *testing.T) {
	t.Parallel()
	r, e := serve(t, nil)
	m := r.Remembering()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := []string{"alias/platform-ebs", keyARN}[i%2]
			if s, err := m.Read(t.Context(), name, roleARN); err != nil || s.Facts.Key.ARN != keyARN || len(s.Facts.Grants) != 2 {
				t.Errorf("%+v, %v", s, err)
			}
			if p, err := m.Role(t.Context(), roleARN); err != nil || p.ID != "AROAEXAMPLE" {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	wg.Wait()
	if n := len(e.calls); n != 9 { // two DescribeKey; policy, aliases, two pages each of grants and tags; the role
		t.Errorf("%d calls: %q", n, e.calls)
	}
	for answer, want := range map[string]int{
		refused("NotFoundException", "Alias is not found"): 1, refused("ThrottlingException", "Rate exceeded"): 2,
	} {
		r, e := serve(t, map[string]string{"DescribeKey": answer})
		m := r.Remembering()
		for range 2 {
			if _, err := m.Read(t.Context(), "alias/x", roleARN); err == nil {
				t.Error("read")
			}
		}
		if len(e.calls) != want {
			t.Errorf("%s: %d calls, want %d", answer, len(e.calls), want)
		}
	}
	if _, err := r.Read(t.Context(), keyARN, roleARN); err != nil || len(e.calls) != 16 {
		t.Errorf("the plain reader remembers: %d calls, %v", len(e.calls), err)
	}
}

// TestRemembersSoMany: a scan of an account of thousands of keys takes no more memory
// than some hundreds of them.
func TestRemembersSoMany(t *testing.T) {
	t.Parallel()
	for others, again := range map[int]int{499: 0, 500: 1} {
		r, e := serve(t, map[string]string{"DescribeKey": refused("NotFoundException", "Alias is not found")})
		m := r.Remembering()
		read := func(name string) {
			t.Helper()
			if _, err := m.Read(t.Context(), name, roleARN); err == nil {
				t.Error("read")
			}
		}
		read("alias/x")
		for i := range others {
			read(fmt.Sprintf("alias/%d", i))
		}
		read("alias/x")
		if want := 1 + others + again; len(e.calls) != want {
			t.Errorf("%d calls, want %d", len(e.calls), want)
		}
	}
}

// TestReadPartly: what may not be read is said; nothing half-read stays.
func TestReadPartly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change map[string]string
		said   func(keystate.State) string
		want   string
	}{
		"policy": {map[string]string{"GetKeyPolicy": denied("kms:GetKeyPolicy")},
			func(s keystate.State) string { return s.Facts.PolicyUnreadable }, "kms:GetKeyPolicy was refused: User:"},
		"policy not to be parsed": {map[string]string{"GetKeyPolicy": `{"Policy":"{"}`},
			func(s keystate.State) string { return s.Facts.PolicyUnreadable }, "parse policy"},
		"grants, second page": {map[string]string{"ListGrants m2": denied("kms:ListGrants")},
			func(s keystate.State) string { return s.Facts.GrantsUnreadable }, "kms:ListGrants was refused"},
		// What KMS says to a filter by a role that isn't there is not documented.
		"grants to no role": {map[string]string{"ListGrants": refused("InvalidArnException", "ARN does not refer to a valid principal: x")},
			func(s keystate.State) string { return s.Facts.GrantsUnreadable }, "does not refer to a valid principal"},
		"tags, second page": {map[string]string{"ListResourceTags m2": denied("kms:ListResourceTags")},
			func(s keystate.State) string { return s.TagsUnreadable }, "kms:ListResourceTags was refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := serve(t, tc.change)
			s, err := r.Read(t.Context(), keyARN, roleARN)
			if err != nil || !strings.Contains(tc.said(s), tc.want) {
				t.Fatalf("said %q, %v", tc.said(s), err)
			}
			if (s.Facts.Policy != nil) == (s.Facts.PolicyUnreadable != "") || (s.Tags != nil) == (s.TagsUnreadable != "") || s.Facts.GrantsUnreadable != "" && s.Facts.Grants != nil {
				t.Errorf("half-read: %+v", s)
			}
		})
	}
}

// TestReadForeign: what KMS never does across accounts isn't called.
func TestReadForeign(t *testing.T) {
	t.Parallel()
	r, e := serve(t, map[string]string{"DescribeKey": strings.ReplaceAll(healthy()["DescribeKey"], keyARN, farARN)})
	s, err := r.Read(t.Context(), farARN, roleARN)
	if err != nil {
		t.Fatal(err)
	}
	if s.Facts.Policy != nil || !strings.Contains(s.Facts.PolicyUnreadable, "444455556666") || !strings.Contains(s.TagsUnreadable, "444455556666") || len(s.Facts.Grants) != 2 {
		t.Errorf("%+v", s)
	}
	for _, call := range e.calls {
		if !strings.HasPrefix(call, "DescribeKey") && !strings.HasPrefix(call, "ListGrants") {
			t.Errorf("called %s", call)
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change map[string]string
		check  func(error) bool
	}{
		"no key": {map[string]string{"DescribeKey": refused("NotFoundException", "Key 'x' does not exist")},
			func(err error) bool {
				return errors.Is(err, keystate.ErrKeyNotFound) && strings.Contains(err.Error(), "does not exist")
			}},
		"no key's ARN": {map[string]string{"DescribeKey": refused("InvalidArnException", "Invalid arn x")},
			func(err error) bool {
				return errors.Is(err, keystate.ErrKeyNotFound) && strings.Contains(err.Error(), "Invalid arn")
			}},
		"no key's name": {map[string]string{"DescribeKey": refused("ValidationException", "1 validation error detected")},
			func(err error) bool { return errors.Is(err, keystate.ErrKeyNotFound) }},
		"throttled": {map[string]string{"ListGrants": refused("ThrottlingException", "Rate exceeded")}, account.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := serve(t, tc.change)
			if _, err := r.Read(t.Context(), keyARN, roleARN); !tc.check(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestReadWithoutAlias(t *testing.T) {
	t.Parallel()
	r, _ := serve(t, map[string]string{"ListAliases": denied("kms:ListAliases")})
	if s, err := r.Read(t.Context(), keyARN, roleARN); err != nil || s.Alias != "" {
		t.Errorf("alias %q, %v", s.Alias, err)
	}
}

func TestRole(t *testing.T) {
	t.Parallel()
	const missing = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role cannot be found.</Message></Error></ErrorResponse>`
	for name, tc := range map[string]struct {
		arn, answer, id string
	}{
		"there":             {roleARN, healthy()["GetRole"], "AROAEXAMPLE"},
		"gone":              {roleARN, missing, ""},
		"of another path":   {roleARN, strings.ReplaceAll(healthy()["GetRole"], "role/aws-service-role/autoscaling.amazonaws.com/", "role/"), ""},
		"another account's": {strings.Replace(roleARN, own, "444455556666", 1), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := serve(t, map[string]string{"GetRole": tc.answer})
			p, err := r.Role(t.Context(), tc.arn)
			if err != nil || p.ID != tc.id || p.ARN != tc.arn {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	r, _ := serve(t, map[string]string{"GetRole": strings.ReplaceAll(strings.ReplaceAll(missing, "NoSuchEntity", "AccessDenied"), "The role cannot be found.", "User: x is not authorized to perform: iam:GetRole on resource: y")})
	if _, err := r.Role(t.Context(), roleARN); deniedAction(err) != "iam:GetRole" {
		t.Errorf("error %v", err)
	}
}

// TestReadKeptOut: an own key that may not be described is one of which nothing else is
// known, and it is said whether its own policy keeps the reader out.
func TestReadKeptOut(t *testing.T) {
	t.Parallel()
	byKey := func(action string) string {
		return strings.Replace(denied(action), "identity-based", "resource-based", 1)
	}
	all := func(refuse func(string) string) map[string]string {
		out := map[string]string{}
		for _, name := range []string{"DescribeKey", "GetKeyPolicy", "ListGrants", "ListResourceTags"} {
			out[name] = refuse("kms:" + name)
		}
		return out
	}
	policy := map[string]string{"GetKeyPolicy": byKey("kms:GetKeyPolicy")}
	for name, tc := range map[string]struct {
		answers   map[string]string
		named     string
		keptOut   bool
		described bool
	}{
		"by the key's policy":           {all(byKey), keyARN, true, false},
		"by the key's policy, an alias": {all(byKey), "alias/platform-ebs", true, false},
		"by the key's policy, an id":    {all(byKey), "1a2b3c4d-0000-0000-0000-000000000001", true, false},
		"by what the reader may":        {all(denied), keyARN, false, false},
		"from its policy alone":         {policy, keyARN, true, true},
	} {
		r, _ := serve(t, tc.answers)
		s, err := r.Read(t.Context(), tc.named, roleARN)
		if err != nil || s.Facts.Key.ARN != keyARN || s.KeptOut != tc.keptOut || s.Facts.Policy != nil || s.Facts.PolicyUnreadable == "" || (s.Facts.Key.State != "") != tc.described {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	// What doesn't say which key an alias names leaves the alias.
	r, _ := serve(t, map[string]string{"DescribeKey": refused("AccessDeniedException", "no")})
	if s, err := r.Read(t.Context(), "alias/platform-ebs", roleARN); err != nil || !strings.HasSuffix(s.Facts.Key.ARN, ":"+own+":alias/platform-ebs") || s.Facts.GrantsUnreadable == "" {
		t.Errorf("%+v, %v", s, err)
	}
}

// deniedAction is the action that AWS refused; "" where it refused none.
func deniedAction(err error) string {
	d, _ := account.DenialOf(err)
	return d.Action
}

// TestReadUnseen: of another account's key that may not be looked at, its name
// is known, why the rest isn't, and which of Keymend's own grants stand on it.
func TestReadUnseen(t *testing.T) {
	t.Parallel()
	grant := func(id, key, grantee string) string {
		return `{"GrantId":"` + id + `","KeyId":"` + key + `","Name":"keymend-` + id + `","GranteePrincipal":"` + grantee + `","Operations":["Decrypt"]}`
	}
	all := map[string]string{
		"DescribeKey": denied("kms:DescribeKey"), "ListGrants": denied("kms:ListGrants"),
		"ListRetirableGrants":    `{"Grants":[` + grant("1", farARN, roleARN) + `,` + grant("2", keyARN, roleARN) + `],"Truncated":true,"NextMarker":"m2"}`,
		"ListRetirableGrants m2": `{"Grants":[` + grant("3", farARN[len(farARN)-36:], roleARN) + `,` + grant("4", farARN, "AROAEXAMPLEGONE123456") + `],"Truncated":false}`,
	}
	r, e := serve(t, all)
	s, err := r.For("arn:aws:iam::"+own+":role/keymend-granter").Read(t.Context(), farARN, roleARN)
	if err != nil {
		t.Fatal(err)
	}
	if s.Facts.Key != (access.Key{ARN: farARN}) || len(s.Facts.Grants) != 2 || s.Facts.Grants[0].ID != "1" || s.Facts.Grants[1].ID != "3" || !strings.Contains(s.Facts.GrantsUnreadable, "kms:ListGrants") ||
		!strings.Contains(strings.Join(s.Facts.CouldNotSee, " "), "kms:DescribeKey was refused") {
		t.Errorf("%+v", s)
	}
	before := len(e.calls)
	if s, err := r.Read(t.Context(), farARN, roleARN); err != nil || s.Facts.Grants != nil || len(e.calls) != before+2 {
		t.Errorf("without a granter: %+v, calls %q, %v", s.Facts.Grants, e.calls[before:], err)
	}
	all["ListRetirableGrants m2"] = denied("kms:ListRetirableGrants")
	r, _ = serve(t, all)
	if s, err := r.For("arn:aws:iam::"+own+":role/keymend-granter").Read(t.Context(), farARN, roleARN); err != nil || s.Facts.Grants != nil ||
		!strings.Contains(strings.Join(s.Facts.CouldNotSee, " "), "kms:ListRetirableGrants was refused") {
		t.Errorf("%+v, %v", s, err)
	}
	all["ListRetirableGrants"] = refused("ThrottlingException", "Rate exceeded")
	r, _ = serve(t, all)
	if _, err := r.For("x").Read(t.Context(), farARN, roleARN); !account.Transient(err) {
		t.Errorf("err = %v", err)
	}
}
