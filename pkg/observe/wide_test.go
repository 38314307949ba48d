package observe_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"keymend/pkg/observe"
)

// TestManyTemplates: $Latest of many templates is read in pages of all there are. What
// is behind a parameter, or isn't among them, is asked for alone, and the groups come to
// the same as each alone. What is remembered isn't read again.
func TestManyTemplates(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	version := func(id, image string) string {
		return fmt.Sprintf(`<item><launchTemplateId>%s</launchTemplateId><launchTemplateName>n-%s</launchTemplateName><versionNumber>3</versionNumber><launchTemplateData><imageId>%s</imageId></launchTemplateData></item>`, id, id, image)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		action, id := r.PostForm.Get("Action"), r.PostForm.Get("LaunchTemplateId")
		mu.Lock()
		asked = append(asked, strings.TrimSpace(action+" "+id+" "+r.PostForm.Get("NextToken")))
		mu.Unlock()
		var out string
		switch {
		case action == "DescribeAutoScalingGroups":
			for i := 1; r.PostForm.Has(fmt.Sprintf("AutoScalingGroupNames.member.%d", i)); i++ {
				name := r.PostForm.Get(fmt.Sprintf("AutoScalingGroupNames.member.%d", i))
				out += fmt.Sprintf(`<member><AutoScalingGroupName>%s</AutoScalingGroupName><LaunchTemplate><LaunchTemplateId>lt-%s</LaunchTemplateId><LaunchTemplateName>n-lt-%s</LaunchTemplateName><Version>$Latest</Version></LaunchTemplate></member>`, name, name, name)
			}
			out = `<R><DescribeAutoScalingGroupsResult><AutoScalingGroups>` + out + `</AutoScalingGroups></DescribeAutoScalingGroupsResult></R>`
		case action == "DescribeLaunchTemplateVersions" && id == "" && r.PostForm.Get("NextToken") == "":
			out = `<R><launchTemplateVersionSet>` + version("lt-a", "ami-1") + version("lt-b", "ami-1") + version("lt-p", "resolve:ssm:/golden") + `</launchTemplateVersionSet><nextToken>2</nextToken></R>`
		case action == "DescribeLaunchTemplateVersions" && id == "":
			out = `<R><launchTemplateVersionSet>` + version("lt-c", "ami-1") + version("lt-d", "ami-2") + version("lt-other", "ami-9") + `</launchTemplateVersionSet></R>`
		case id == "lt-late":
			w.WriteHeader(http.StatusBadRequest)
			out = `<Response><Errors><Error><Code>InvalidLaunchTemplateId.NotFound</Code><Message>gone</Message></Error></Errors></Response>`
		case action == "DescribeLaunchTemplateVersions":
			out = `<R><launchTemplateVersionSet>` + version(id, "ami-2") + `</launchTemplateVersionSet></R>`
		case action == "DescribeImages":
			for _, id := range []string{"ami-1", "ami-2"} {
				out += `<item><imageId>` + id + `</imageId><imageState>available</imageState><imageOwnerId>111122223333</imageOwnerId></item>`
			}
			out = `<R><imagesSet>` + out + `</imagesSet></R>`
		default:
			out = `<R/>`
		}
		_, _ = io.WriteString(w, out)
	}))
	t.Cleanup(server.Close)
	r := observe.FromConfig(aws.Config{
		Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}).Remembering()
	count := func(prefix string) int {
		n := 0
		for _, call := range asked {
			if strings.HasPrefix(call, prefix) {
				n++
			}
		}
		return n
	}
	for range 2 {
		all := r.ResolveAll(t.Context(), accountID, region, []string{"a", "b", "c", "d", "p", "late"})
		for name, image := range map[string]string{"a": "ami-1", "b": "ami-1", "c": "ami-1", "d": "ami-2", "p": "ami-2", "late": ""} {
			got := all[name]
			if got.Err != nil || got.Launch.ImageID != image || (got.Launch.Refused != "") != (name == "late") {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	if n := count("DescribeLaunchTemplateVersions"); n != 4 || count("DescribeLaunchTemplateVersions lt-p") != 1 {
		t.Errorf("%d calls: %v", n, asked)
	}
	if count("DescribeAutoScalingGroups") != 2 || count("DescribeImages") != 1 || count("GetEbs") != 2 {
		t.Errorf("%v", asked)
	}
}
