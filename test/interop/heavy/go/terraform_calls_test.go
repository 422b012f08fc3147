package interop

import (
	"context"
	"testing"
	"time"

	adminclient "github.com/zitadel/zitadel-go/v3/pkg/client/admin"
	managementclient "github.com/zitadel/zitadel-go/v3/pkg/client/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/middleware"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"golang.org/x/oauth2"
	"google.golang.org/grpc/codes"
)

// The connections and the calls of the Terraform provider, in its order: a connection for each service, a deadline of
// twenty minutes, and an organisation header that is empty where a resource names no organisation.
func TestCallsOfTheTerraformProvider(t *testing.T) {
	stage := readStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	address := stage.host + ":" + stage.port
	options := []zitadel.Option{
		zitadel.WithInsecure(),
		zitadel.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{
			AccessToken: stage.adminToken,
			TokenType:   "Bearer",
		})),
	}
	scopes := []string{"openid", "urn:zitadel:iam:org:project:id:zitadel:aud"}

	t.Run("zitadel_default_lockout_policy", func(t *testing.T) {
		client := must[*adminclient.Client](t)(
			adminclient.NewClient(ctx, "http://"+address, address, scopes, options...),
		)
		limits := &admin.UpdateLockoutPolicyRequest{MaxPasswordAttempts: 10, MaxOtpAttempts: 5}
		created := must[*admin.UpdateLockoutPolicyResponse](t)(client.UpdateLockoutPolicy(ctx, limits))
		if id := created.GetDetails().GetResourceOwner(); id != stage.instanceID {
			t.Errorf("the resource's id is %q, not the instance %q", id, stage.instanceID)
		}
		// The provider takes this refusal for "nothing to do", and reads the id from the policy instead.
		_, err := client.UpdateLockoutPolicy(ctx, limits)
		expectRefusal(t, err, codes.FailedPrecondition, "Errors.IAM.LockoutPolicy.NotChanged", "INSTANCE-0psjF")
		read := must[*admin.GetLockoutPolicyResponse](t)(
			client.GetLockoutPolicy(ctx, &admin.GetLockoutPolicyRequest{}),
		)
		if id := read.GetPolicy().GetDetails().GetResourceOwner(); id != stage.instanceID {
			t.Errorf("the resource's id is %q, not the instance %q", id, stage.instanceID)
		}
	})

	t.Run("zitadel_lockout_policy", func(t *testing.T) {
		client := must[*managementclient.Client](t)(
			managementclient.NewClient(ctx, "http://"+address, address, scopes, options...),
		)
		org := middleware.SetOrgID(ctx, stage.orgID)
		must[*management.AddCustomLockoutPolicyResponse](t)(client.AddCustomLockoutPolicy(
			org, &management.AddCustomLockoutPolicyRequest{MaxPasswordAttempts: 3, MaxOtpAttempts: 4},
		))
		read := must[*management.GetLockoutPolicyResponse](t)(
			client.GetLockoutPolicy(org, &management.GetLockoutPolicyRequest{}),
		).GetPolicy()
		// Otherwise the provider plans to destroy and create the resource, for ever.
		if read.GetIsDefault() || read.GetDetails().GetResourceOwner() != stage.orgID {
			t.Errorf("got %v", read)
		}
		must[*management.UpdateCustomLockoutPolicyResponse](t)(client.UpdateCustomLockoutPolicy(
			org, &management.UpdateCustomLockoutPolicyRequest{MaxPasswordAttempts: 6, MaxOtpAttempts: 4},
		))
		must[*management.ResetLockoutPolicyToDefaultResponse](t)(
			client.ResetLockoutPolicyToDefault(org, &management.ResetLockoutPolicyToDefaultRequest{}),
		)
		gone := must[*management.GetLockoutPolicyResponse](t)(
			client.GetLockoutPolicy(org, &management.GetLockoutPolicyRequest{}),
		)
		if !gone.GetPolicy().GetIsDefault() {
			t.Errorf("got %v", gone)
		}
	})

	t.Run("no organisation named", func(t *testing.T) {
		client := must[*managementclient.Client](t)(
			managementclient.NewClient(ctx, "http://"+address, address, scopes, options...),
		)
		read := must[*management.GetLockoutPolicyResponse](t)(client.GetLockoutPolicy(
			middleware.SetOrgID(ctx, ""), &management.GetLockoutPolicyRequest{},
		))
		if !read.GetIsDefault() {
			t.Errorf("got %v", read)
		}
	})
}
