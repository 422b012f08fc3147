package interop

import (
	"os"
	"testing"
	"time"

	adminclient "github.com/zitadel/zitadel-go/v3/pkg/client/admin"
	managementclient "github.com/zitadel/zitadel-go/v3/pkg/client/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/middleware"
	orgclient "github.com/zitadel/zitadel-go/v3/pkg/client/org/v2"
	userclient "github.com/zitadel/zitadel-go/v3/pkg/client/user/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/auth"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authn"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/member"
	orgv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org"
	orgv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"
	userv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The calls of the Terraform provider's resources beside the policies, signed in by a key file as it does: create, read, change and destroy.
func TestResourcesOfTheTerraformProvider(t *testing.T) {
	stage := readStage(t)
	address := stage.host + ":" + stage.port
	signIn := func() []zitadel.Option {
		return []zitadel.Option{
			zitadel.WithInsecure(),
			zitadel.WithJWTProfileTokenSource(
				middleware.JWTProfileFromPath(t.Context(), os.Getenv("LOCKOUTD_KEY_FILE")),
			),
		}
	}
	service := must[*managementclient.Client](t)(
		managementclient.NewClient(t.Context(), "http://"+address, address, signInScopes, signIn()...),
	)
	instance := must[*adminclient.Client](t)(
		adminclient.NewClient(t.Context(), "http://"+address, address, signInScopes, signIn()...),
	)
	users := must[*userclient.Client](t)(
		userclient.NewClient(t.Context(), "http://"+address, address, signInScopes, signIn()...),
	)
	orgs := must[*orgclient.Client](t)(
		orgclient.NewClient(t.Context(), "http://"+address, address, signInScopes, signIn()...),
	)
	org := middleware.SetOrgID(t.Context(), stage.orgID)
	// What the provider takes for a resource that is gone.
	expectGone := func(err error) {
		t.Helper()
		if status.Code(err) != codes.NotFound {
			t.Errorf("got %v, want NOT_FOUND", err)
		}
	}
	// What the provider takes for a change that is not needed.
	expectNoChange := func(_ any, err error) {
		t.Helper()
		if status.Code(err) != codes.FailedPrecondition {
			t.Errorf("got %v, want FAILED_PRECONDITION", err)
		}
	}
	// What the provider takes for a server that is older than the call: it makes the one of before.
	expectUnknownCall := func(err error) {
		t.Helper()
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("got %v, want UNIMPLEMENTED", err)
		}
	}

	name := "by-terraform-" + time.Now().Format("150405.000000")
	_, err := users.CreateUser(org, &userv2.CreateUserRequest{
		OrganizationId: stage.orgID, Username: &name,
		UserType: &userv2.CreateUserRequest_Machine_{
			Machine: &userv2.CreateUserRequest_Machine{Name: "made by Terraform"},
		},
	})
	expectUnknownCall(err)
	id := must[*management.AddMachineUserResponse](t)(service.AddMachineUser(org, &management.AddMachineUserRequest{
		UserName: name, Name: "made by Terraform",
	})).GetUserId()

	t.Run("zitadel_machine_user", func(t *testing.T) {
		read := must[*userv2.GetUserByIDResponse](t)(
			users.GetUserByID(org, &userv2.GetUserByIDRequest{UserId: id}),
		).GetUser()
		// All that the provider compares with its configuration; where it differs, it plans a change for ever.
		machine := read.GetMachine()
		if machine.GetName() != "made by Terraform" || machine.GetDescription() != "" ||
			machine.GetAccessTokenType() != userv2.AccessTokenType_ACCESS_TOKEN_TYPE_BEARER ||
			read.GetUsername() != name || read.GetPreferredLoginName() != name || read.GetUserId() != id ||
			read.GetDetails().GetResourceOwner() != stage.orgID || read.GetState() != userv2.UserState_USER_STATE_ACTIVE {
			t.Errorf("got %v", read)
		}
		rename := &management.UpdateMachineRequest{UserId: id, Name: "renamed by Terraform"}
		changed := must[*management.UpdateMachineResponse](t)(service.UpdateMachine(org, rename)).GetDetails()
		if changed.GetSequence() == 0 || changed.GetChangeDate() == nil || changed.GetResourceOwner() != stage.orgID {
			t.Errorf("got %v", changed)
		}
		expectNoChange(service.UpdateMachine(org, rename))
		renamed := must[*userv2.GetUserByIDResponse](t)(
			users.GetUserByID(org, &userv2.GetUserByIDRequest{UserId: id}),
		).GetUser().GetMachine().GetName()
		if renamed != "renamed by Terraform" {
			t.Errorf("got %q", renamed)
		}
		other := &management.UpdateUserNameRequest{UserId: id, UserName: name + "-2"}
		named := must[*management.UpdateUserNameResponse](t)(service.UpdateUserName(org, other)).GetDetails()
		if named.GetSequence() != changed.GetSequence()+1 || named.GetChangeDate() == nil {
			t.Errorf("got %v", named)
		}
		expectNoChange(service.UpdateUserName(org, other))
		name = other.GetUserName()
		secret := must[*management.GenerateMachineSecretResponse](t)(
			service.GenerateMachineSecret(org, &management.GenerateMachineSecretRequest{UserId: id}),
		)
		if secret.GetClientId() != name || secret.GetClientSecret() == "" {
			t.Errorf("got %v", secret)
		}
		must[*management.RemoveMachineSecretResponse](t)(
			service.RemoveMachineSecret(org, &management.RemoveMachineSecretRequest{UserId: id}),
		)
	})

	t.Run("zitadel_org", func(t *testing.T) {
		ctx := t.Context()
		name := "Terraform " + time.Now().Format("150405.000000")
		made := must[*orgv2.AddOrganizationResponse](t)(
			orgs.AddOrganization(ctx, &orgv2.AddOrganizationRequest{Name: name}),
		).GetOrganizationId()
		read := must[*admin.GetOrgByIDResponse](t)(
			instance.GetOrgByID(ctx, &admin.GetOrgByIDRequest{Id: made}),
		).GetOrg()
		if read.GetId() != made || read.GetName() != name || read.GetPrimaryDomain() == "" ||
			read.GetState() != orgv1.OrgState_ORG_STATE_ACTIVE {
			t.Errorf("got %v", read)
		}
		renamed := &management.UpdateOrgRequest{Name: name + " 2"}
		in := middleware.SetOrgID(ctx, made)
		changed := must[*management.UpdateOrgResponse](t)(service.UpdateOrg(in, renamed)).GetDetails()
		if changed.GetSequence() != 2 || changed.GetChangeDate() == nil || changed.GetResourceOwner() != made {
			t.Errorf("got %v", changed)
		}
		expectNoChange(service.UpdateOrg(in, renamed))
		again := must[*admin.GetOrgByIDResponse](t)(
			instance.GetOrgByID(ctx, &admin.GetOrgByIDRequest{Id: made}),
		).GetOrg()
		if again.GetName() != renamed.GetName() || again.GetPrimaryDomain() == read.GetPrimaryDomain() {
			t.Errorf("got %v", again)
		}
		first := must[*admin.GetDefaultOrgResponse](t)(
			instance.GetDefaultOrg(ctx, &admin.GetDefaultOrgRequest{}),
		).GetOrg()
		if first.GetId() == made {
			t.Errorf("a new organisation is not the default one, got %v", first)
		}
		_, err := orgs.DeleteOrganization(ctx, &orgv2.DeleteOrganizationRequest{OrganizationId: made})
		expectUnknownCall(err)
		_, err = instance.GetOrgByID(ctx, &admin.GetOrgByIDRequest{Id: "300000000000000001"})
		expectGone(err)
	})

	t.Run("zitadel_org_member", func(t *testing.T) {
		roles := func() []string {
			found := must[*management.ListOrgMembersResponse](t)(service.ListOrgMembers(org, &management.ListOrgMembersRequest{
				Queries: []*member.SearchQuery{{
					Query: &member.SearchQuery_UserIdQuery{UserIdQuery: &member.UserIDQuery{UserId: id}},
				}},
			})).GetResult()
			if len(found) != 1 {
				return nil
			}
			if owner := found[0].GetDetails().GetResourceOwner(); owner != stage.orgID {
				t.Errorf("the owner is %q, not the organisation %q", owner, stage.orgID)
			}
			return found[0].GetRoles()
		}
		must[*management.AddOrgMemberResponse](t)(service.AddOrgMember(
			org, &management.AddOrgMemberRequest{UserId: id, Roles: []string{"ORG_OWNER_VIEWER"}},
		))
		must[*management.UpdateOrgMemberResponse](t)(service.UpdateOrgMember(
			org, &management.UpdateOrgMemberRequest{UserId: id, Roles: []string{"ORG_OWNER"}},
		))
		if got := roles(); len(got) != 1 || got[0] != "ORG_OWNER" {
			t.Errorf("got %v", got)
		}
		must[*management.RemoveOrgMemberResponse](t)(service.RemoveOrgMember(
			org, &management.RemoveOrgMemberRequest{UserId: id},
		))
		if got := roles(); got != nil {
			t.Errorf("got %v", got)
		}
	})

	t.Run("zitadel_instance_member", func(t *testing.T) {
		ctx := t.Context()
		must[*admin.AddIAMMemberResponse](t)(instance.AddIAMMember(
			ctx, &admin.AddIAMMemberRequest{UserId: id, Roles: []string{"IAM_OWNER_VIEWER"}},
		))
		found := must[*admin.ListIAMMembersResponse](t)(instance.ListIAMMembers(ctx, &admin.ListIAMMembersRequest{
			Queries: []*member.SearchQuery{{
				Query: &member.SearchQuery_UserIdQuery{UserIdQuery: &member.UserIDQuery{UserId: id}},
			}},
		})).GetResult()
		if len(found) != 1 || found[0].GetRoles()[0] != "IAM_OWNER_VIEWER" {
			t.Errorf("got %v", found)
		}
		must[*admin.RemoveIAMMemberResponse](t)(instance.RemoveIAMMember(ctx, &admin.RemoveIAMMemberRequest{UserId: id}))
	})

	t.Run("zitadel_machine_key", func(t *testing.T) {
		expiration := timestamppb.New(time.Date(2519, 4, 1, 8, 45, 0, 0, time.UTC))
		key := must[*management.AddMachineKeyResponse](t)(service.AddMachineKey(org, &management.AddMachineKeyRequest{
			UserId: id, Type: authn.KeyType_KEY_TYPE_JSON, ExpirationDate: expiration,
		}))
		names := &management.GetMachineKeyByIDsRequest{UserId: id, KeyId: key.GetKeyId()}
		read := must[*management.GetMachineKeyByIDsResponse](t)(service.GetMachineKeyByIDs(org, names)).GetKey()
		// Where one of them differs, the provider plans to replace the key, for ever.
		if !read.GetExpirationDate().AsTime().Equal(expiration.AsTime()) || read.GetType() != authn.KeyType_KEY_TYPE_JSON {
			t.Errorf("got %v", read)
		}
		must[*management.RemoveMachineKeyResponse](t)(service.RemoveMachineKey(
			org, &management.RemoveMachineKeyRequest{UserId: id, KeyId: key.GetKeyId()},
		))
		_, err := service.GetMachineKeyByIDs(org, names)
		expectGone(err)
	})

	t.Run("zitadel_personal_access_token", func(t *testing.T) {
		expiration := timestamppb.New(time.Date(2519, 4, 1, 8, 45, 0, 0, time.UTC))
		made := must[*management.AddPersonalAccessTokenResponse](t)(service.AddPersonalAccessToken(
			org, &management.AddPersonalAccessTokenRequest{UserId: id, ExpirationDate: expiration},
		))
		names := &management.GetPersonalAccessTokenByIDsRequest{UserId: id, TokenId: made.GetTokenId()}
		read := must[*management.GetPersonalAccessTokenByIDsResponse](t)(
			service.GetPersonalAccessTokenByIDs(org, names),
		).GetToken()
		if read.GetId() != made.GetTokenId() || !read.GetExpirationDate().AsTime().Equal(expiration.AsTime()) {
			t.Errorf("got %v", read)
		}
		expectToCall(t, stage, made.GetToken())
		must[*management.RemovePersonalAccessTokenResponse](t)(service.RemovePersonalAccessToken(
			org, &management.RemovePersonalAccessTokenRequest{UserId: id, TokenId: made.GetTokenId()},
		))
		_, err := service.GetPersonalAccessTokenByIDs(org, names)
		expectGone(err)
	})

	_, err = users.DeleteUser(org, &userv2.DeleteUserRequest{UserId: id})
	expectUnknownCall(err)
	must[*management.RemoveUserResponse](t)(service.RemoveUser(org, &management.RemoveUserRequest{Id: id}))
	_, err = users.GetUserByID(org, &userv2.GetUserByIDRequest{UserId: id})
	expectGone(err)
}

// expectToCall calls with a personal access token, as the provider's access_token.
func expectToCall(t *testing.T, stage stage, token string) {
	t.Helper()
	stage.adminToken = token
	ctx, api := stage.open(t)
	if _, err := api.AuthService().GetMyUser(ctx, &auth.GetMyUserRequest{}); err != nil {
		t.Errorf("the token does not call: %v", err)
	}
}
