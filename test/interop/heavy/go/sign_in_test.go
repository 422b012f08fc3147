package interop

import (
	"os"
	"testing"

	"github.com/zitadel/zitadel-go/v3/pkg/client"
	adminclient "github.com/zitadel/zitadel-go/v3/pkg/client/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/middleware"
	oldzitadel "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/zitadel"
)

var signInScopes = []string{"openid", "urn:zitadel:iam:org:project:id:zitadel:aud"}

// signIn makes the client of version 3, and calls twice: it may ask for a token before each call.
func signIn(t *testing.T, auth client.TokenSourceInitializer) {
	t.Helper()
	stage := readStage(t)
	ctx := t.Context()
	api, err := client.New(ctx, zitadel.New(stage.host, zitadel.WithInsecure(stage.port)), client.WithAuth(auth))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		policy := must[*admin.GetLockoutPolicyResponse](t)(
			api.AdminService().GetLockoutPolicy(ctx, &admin.GetLockoutPolicyRequest{}),
		).GetPolicy()
		if owner := policy.GetDetails().GetResourceOwner(); owner != stage.instanceID {
			t.Errorf("the owner is %q, not the instance %q", owner, stage.instanceID)
		}
	}
}

func TestSignInByKeyFile(t *testing.T) {
	signIn(t, client.DefaultServiceUserAuthentication(os.Getenv("LOCKOUTD_KEY_FILE"), signInScopes...))
}

func TestSignInByClientCredentials(t *testing.T) {
	signIn(t, client.PasswordAuthentication(
		os.Getenv("LOCKOUTD_CLIENT_ID"), os.Getenv("LOCKOUTD_CLIENT_SECRET"), signInScopes...,
	))
}

// The Terraform provider makes a connection for each service, with a key file of its own.
func TestSignInAsTerraformDoes(t *testing.T) {
	stage := readStage(t)
	address := stage.host + ":" + stage.port
	service := must[*adminclient.Client](t)(adminclient.NewClient(
		t.Context(), "http://"+address, address, signInScopes,
		oldzitadel.WithInsecure(), oldzitadel.WithJWTProfileTokenSource(middleware.JWTProfileFromPath(t.Context(), os.Getenv("LOCKOUTD_KEY_FILE"))),
	))
	must[*admin.GetLockoutPolicyResponse](t)(
		service.GetLockoutPolicy(t.Context(), &admin.GetLockoutPolicyRequest{}),
	)
}
