package interop

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/zitadel/zitadel-go/v3/pkg/client"
	"github.com/zitadel/zitadel-go/v3/pkg/client/middleware"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/auth"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authn"
	instance "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/instance/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	org "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"
	user "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/zitadel"
)

// What programs look up around the calls about lockout, as the Terraform provider's data sources and acceptance tests do.
func TestLookups(t *testing.T) {
	stage := readStage(t)
	ctx, api := stage.open(t)
	inOrg := middleware.SetOrgID(ctx, stage.orgID)

	found := must[*admin.GetOrgByIDResponse](t)(
		api.AdminService().GetOrgByID(ctx, &admin.GetOrgByIDRequest{Id: stage.orgID}),
	).GetOrg()
	mine := must[*management.GetMyOrgResponse](t)(
		api.ManagementService().GetMyOrg(inOrg, &management.GetMyOrgRequest{}),
	).GetOrg()
	byDomain := must[*management.GetOrgByDomainGlobalResponse](t)(api.ManagementService().GetOrgByDomainGlobal(
		ctx, &management.GetOrgByDomainGlobalRequest{Domain: found.GetPrimaryDomain()},
	)).GetOrg()
	if found.GetId() != stage.orgID || mine.GetId() != stage.orgID || byDomain.GetId() != stage.orgID {
		t.Errorf("got %v, %v and %v", found, mine, byDomain)
	}
	listed := must[*org.ListOrganizationsResponse](t)(api.OrganizationServiceV2().ListOrganizations(
		ctx,
		&org.ListOrganizationsRequest{Queries: []*org.SearchQuery{
			{Query: &org.SearchQuery_DefaultQuery{DefaultQuery: &org.DefaultOrganizationQuery{}}},
		}},
	))
	first := must[*admin.GetDefaultOrgResponse](t)(
		api.AdminService().GetDefaultOrg(ctx, &admin.GetDefaultOrgRequest{}),
	).GetOrg()
	if len(listed.GetResult()) != 1 || listed.GetResult()[0].GetId() != first.GetId() {
		t.Errorf("the default organisation is %v, got %v", first, listed)
	}
	known := must[*instance.GetInstanceResponse](t)(
		api.InstanceServiceV2().GetInstance(ctx, &instance.GetInstanceRequest{}),
	).GetInstance()
	if known.GetId() != stage.instanceID || known.GetState() != instance.State_STATE_RUNNING {
		t.Errorf("got %v", known)
	}
	users := must[*user.ListUsersResponse](t)(api.UserServiceV2().ListUsers(ctx, &user.ListUsersRequest{
		Queries: []*user.SearchQuery{
			{Query: &user.SearchQuery_InUserIdsQuery{InUserIdsQuery: &user.InUserIDQuery{UserIds: []string{stage.user}}}},
		},
	}))
	if users.GetDetails().GetTotalResult() != 1 || users.GetResult()[0].GetHuman() == nil {
		t.Errorf("got %v", users)
	}
	me := must[*auth.GetMyUserResponse](t)(api.AuthService().GetMyUser(ctx, &auth.GetMyUserRequest{})).GetUser()
	if me.GetMachine() == nil {
		t.Errorf("got %v", me)
	}
}

// A service account that a program makes by ZITADEL's calls signs in by the key file that it got.
func TestMachineUser(t *testing.T) {
	stage := readStage(t)
	ctx, api := stage.open(t)
	inOrg := middleware.SetOrgID(ctx, stage.orgID)
	service := api.ManagementService()
	made := must[*management.AddMachineUserResponse](t)(service.AddMachineUser(inOrg, &management.AddMachineUserRequest{
		UserName: "by-go-" + time.Now().Format("150405.000000"), Name: "made by zitadel-go",
	}))
	id := made.GetUserId()
	must[*management.AddOrgMemberResponse](t)(service.AddOrgMember(
		inOrg, &management.AddOrgMemberRequest{UserId: id, Roles: []string{"ORG_OWNER"}},
	))
	key := must[*management.AddMachineKeyResponse](t)(service.AddMachineKey(
		inOrg, &management.AddMachineKeyRequest{UserId: id, Type: authn.KeyType_KEY_TYPE_JSON},
	)).GetKeyDetails()
	if !json.Valid(key) {
		t.Fatalf("the key file is no JSON: %d bytes", len(key))
	}
	path := t.TempDir() + "/key.json"
	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	its, err := client.New(
		ctx, zitadel.New(stage.host, zitadel.WithInsecure(stage.port)),
		client.WithAuth(client.DefaultServiceUserAuthentication(path, signInScopes...)),
	)
	if err != nil {
		t.Fatal(err)
	}
	mine := must[*management.GetMyOrgResponse](t)(its.ManagementService().GetMyOrg(ctx, &management.GetMyOrgRequest{}))
	if mine.GetOrg().GetId() != stage.orgID {
		t.Errorf("got %v", mine)
	}
	must[*management.RemoveUserResponse](t)(service.RemoveUser(inOrg, &management.RemoveUserRequest{Id: id}))
	if _, err := its.ManagementService().GetMyOrg(ctx, &management.GetMyOrgRequest{}); err == nil {
		t.Error("a removed account still calls")
	}
}
