package interop

import (
	"testing"

	"github.com/zitadel/zitadel-go/v3/pkg/client/middleware"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	object "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object/v2"
	settings "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/settings/v2"
	user "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
)

func TestDefaultPolicy(t *testing.T) {
	stage := readStage(t)
	ctx, api := stage.open(t)
	service := api.AdminService()
	limits := &admin.UpdateLockoutPolicyRequest{MaxPasswordAttempts: 5, MaxOtpAttempts: 3}

	updated, err := service.UpdateLockoutPolicy(ctx, limits)
	if err != nil {
		t.Fatal(err)
	}
	if owner := updated.GetDetails().GetResourceOwner(); owner != stage.instanceID {
		t.Errorf("the owner is %q, not the instance %q", owner, stage.instanceID)
	}
	if updated.GetDetails().GetCreationDate() != nil || updated.GetDetails().GetChangeDate() == nil {
		t.Errorf("an update has a change date and no creation date, got %v", updated.GetDetails())
	}

	policy := must[*admin.GetLockoutPolicyResponse](t)(
		service.GetLockoutPolicy(ctx, &admin.GetLockoutPolicyRequest{}),
	).GetPolicy()
	if policy.GetMaxPasswordAttempts() != 5 || policy.GetMaxOtpAttempts() != 3 || !policy.GetIsDefault() {
		t.Errorf("got %v", policy)
	}
	if policy.GetDetails().GetSequence() != updated.GetDetails().GetSequence() {
		t.Errorf("the policy's sequence is not that of its last change: %v", policy)
	}

	_, err = service.UpdateLockoutPolicy(ctx, limits)
	expectRefusal(t, err, codes.FailedPrecondition, "Errors.IAM.LockoutPolicy.NotChanged", "INSTANCE-0psjF")
}

func TestCompressedByGzip(t *testing.T) {
	ctx, api := readStage(t).open(t)
	service := api.AdminService()
	compressed := grpc.UseCompressor(gzip.Name)
	limits := &admin.UpdateLockoutPolicyRequest{MaxPasswordAttempts: 50}
	must[*admin.UpdateLockoutPolicyResponse](t)(service.UpdateLockoutPolicy(ctx, limits, compressed))
	policy := must[*admin.GetLockoutPolicyResponse](t)(
		service.GetLockoutPolicy(ctx, &admin.GetLockoutPolicyRequest{}, compressed),
	).GetPolicy()
	if policy.GetMaxPasswordAttempts() != 50 {
		t.Errorf("got %v", policy)
	}
	_, err := service.UpdateLockoutPolicy(ctx, limits, compressed)
	expectRefusal(t, err, codes.FailedPrecondition, "Errors.IAM.LockoutPolicy.NotChanged", "INSTANCE-0psjF")
}

func TestOrganisationPolicy(t *testing.T) {
	stage := readStage(t)
	ctx, api := stage.open(t)
	ctx = middleware.SetOrgID(ctx, stage.orgID)
	service := api.ManagementService()
	read := func() *management.GetLockoutPolicyResponse {
		return must[*management.GetLockoutPolicyResponse](t)(
			service.GetLockoutPolicy(ctx, &management.GetLockoutPolicyRequest{}),
		)
	}

	if before := read(); !before.GetIsDefault() || before.GetPolicy().GetDetails().GetResourceOwner() != stage.instanceID {
		t.Errorf("without its own policy an organisation has the instance's, got %v", before)
	}
	_, err := service.ResetLockoutPolicyToDefault(ctx, &management.ResetLockoutPolicyToDefaultRequest{})
	expectRefusal(t, err, codes.NotFound, "Errors.Org.LockoutPolicy.NotFound", "ORG-D4zuz")

	limits := &management.AddCustomLockoutPolicyRequest{MaxPasswordAttempts: 7, MaxOtpAttempts: 2}
	added := must[*management.AddCustomLockoutPolicyResponse](t)(service.AddCustomLockoutPolicy(ctx, limits))
	if owner := added.GetDetails().GetResourceOwner(); owner != stage.orgID {
		t.Errorf("the owner is %q, not the organisation %q", owner, stage.orgID)
	}
	_, err = service.AddCustomLockoutPolicy(ctx, limits)
	expectRefusal(t, err, codes.AlreadyExists, "Errors.ORG.LockoutPolicy.AlreadyExists", "ORG-0olDf")

	must[*management.UpdateCustomLockoutPolicyResponse](t)(service.UpdateCustomLockoutPolicy(
		ctx, &management.UpdateCustomLockoutPolicyRequest{MaxPasswordAttempts: 8},
	))
	own := read()
	if own.GetIsDefault() || own.GetPolicy().GetIsDefault() ||
		own.GetPolicy().GetMaxPasswordAttempts() != 8 || own.GetPolicy().GetMaxOtpAttempts() != 0 {
		t.Errorf("got %v", own)
	}
	standard := must[*management.GetDefaultLockoutPolicyResponse](t)(
		service.GetDefaultLockoutPolicy(ctx, &management.GetDefaultLockoutPolicyRequest{}),
	)
	if !standard.GetPolicy().GetIsDefault() {
		t.Errorf("got %v", standard)
	}
	settingsOfOrg := must[*settings.GetLockoutSettingsResponse](t)(api.SettingsServiceV2().GetLockoutSettings(
		ctx,
		&settings.GetLockoutSettingsRequest{Ctx: &object.RequestContext{
			ResourceOwner: &object.RequestContext_OrgId{OrgId: stage.orgID},
		}},
	)).GetSettings()
	if settingsOfOrg.GetMaxPasswordAttempts() != 8 ||
		settingsOfOrg.GetResourceOwnerType() != settings.ResourceOwnerType_RESOURCE_OWNER_TYPE_ORG {
		t.Errorf("got %v", settingsOfOrg)
	}

	must[*management.ResetLockoutPolicyToDefaultResponse](t)(
		service.ResetLockoutPolicyToDefault(ctx, &management.ResetLockoutPolicyToDefaultRequest{}),
	)
	if after := read(); !after.GetIsDefault() {
		t.Errorf("got %v", after)
	}
}

func TestUnknownOrganisation(t *testing.T) {
	ctx, api := readStage(t).open(t)
	_, err := api.ManagementService().GetLockoutPolicy(
		middleware.SetOrgID(ctx, "imported"), &management.GetLockoutPolicyRequest{},
	)
	expectRefusal(t, err, codes.PermissionDenied, "Organisation doesn't exist", "AUTH-Bs7Ds")
}

func TestLockAndUnlockUser(t *testing.T) {
	stage := readStage(t)
	ctx, api := stage.open(t)
	users := api.UserServiceV2()
	locked := must[*user.LockUserResponse](t)(users.LockUser(ctx, &user.LockUserRequest{UserId: stage.user}))
	if owner := locked.GetDetails().GetResourceOwner(); owner != stage.orgID {
		t.Errorf("the owner is %q, not the organisation %q", owner, stage.orgID)
	}
	must[*management.UnlockUserResponse](t)(api.ManagementService().UnlockUser(
		middleware.SetOrgID(ctx, stage.orgID), &management.UnlockUserRequest{Id: stage.user},
	))
	_, err := users.UnlockUser(ctx, &user.UnlockUserRequest{UserId: stage.user})
	expectRefusal(t, err, codes.FailedPrecondition, "Errors.User.NotLocked", "COMMAND-olb9vb0oca")
}
