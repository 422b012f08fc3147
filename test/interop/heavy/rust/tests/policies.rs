//! The calls on policies, and their refusals, as a Rust program makes and reads them.

mod calls;
mod stage;

use calls::{assert_refusal, builder};
use stage::{Outcome, setting};
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Status};
use zitadel::api::zitadel::admin::v1 as admin;
use zitadel::api::zitadel::management::v1 as management;
use zitadel::api::zitadel::object::v2::RequestContext;
use zitadel::api::zitadel::object::v2::request_context::ResourceOwner;
use zitadel::api::zitadel::settings::v2 as settings;

/// Adds the token, and the organisation where one is named.
fn caller(org: Option<String>) -> impl FnMut(Request<()>) -> Result<Request<()>, Status> + Clone {
    let bearer = format!("Bearer {}", setting("LOCKOUTD_ADMIN_TOKEN"));
    move |mut request| {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", bearer.parse().expect("a token"));
        if let Some(org) = &org {
            metadata.insert("x-zitadel-orgid", org.parse().expect("an id"));
        }
        Ok(request)
    }
}

// One test for the default policy, since it is the same for all.
#[tokio::test]
async fn default_policy() -> Outcome {
    let mut client = builder()
        .with_interceptor(caller(None))
        .build_admin_client()
        .await?;
    let limits = admin::UpdateLockoutPolicyRequest {
        max_password_attempts: 5,
        max_otp_attempts: 3,
    };
    let updated = client
        .update_lockout_policy(limits.clone())
        .await?
        .into_inner();
    let details = updated.details.ok_or("no details")?;
    assert_eq!(details.resource_owner, setting("LOCKOUTD_INSTANCE_ID"));
    assert!(details.creation_date.is_none() && details.change_date.is_some());

    let answer = client
        .get_lockout_policy(admin::GetLockoutPolicyRequest {})
        .await?
        .into_inner();
    let policy = answer.policy.ok_or("no policy")?;
    assert_eq!(
        (policy.max_password_attempts, policy.max_otp_attempts),
        (5, 3)
    );
    assert!(policy.is_default);

    let again = client.update_lockout_policy(limits).await.unwrap_err();
    assert_refusal(
        &again,
        Code::FailedPrecondition,
        "Errors.IAM.LockoutPolicy.NotChanged",
        "INSTANCE-0psjF",
    )?;

    let mut compressing = client
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    compressing
        .update_lockout_policy(admin::UpdateLockoutPolicyRequest {
            max_password_attempts: 60,
            max_otp_attempts: 0,
        })
        .await?;
    let answer = compressing
        .get_lockout_policy(admin::GetLockoutPolicyRequest {})
        .await?
        .into_inner();
    assert_eq!(answer.policy.ok_or("no policy")?.max_password_attempts, 60);
    Ok(())
}

#[tokio::test]
async fn organisation_policy() -> Outcome {
    let org = setting("LOCKOUTD_ORG_ID");
    let mut client = builder()
        .with_interceptor(caller(Some(org.clone())))
        .build_management_client()
        .await?;
    let absent = client
        .update_custom_lockout_policy(management::UpdateCustomLockoutPolicyRequest::default())
        .await
        .unwrap_err();
    assert_refusal(
        &absent,
        Code::NotFound,
        "Errors.Org.LockoutPolicy.NotFound",
        "ORG-ADfs1",
    )?;

    let added = client
        .add_custom_lockout_policy(management::AddCustomLockoutPolicyRequest {
            max_password_attempts: 7,
            max_otp_attempts: 2,
        })
        .await?
        .into_inner();
    assert_eq!(added.details.ok_or("no details")?.resource_owner, org);
    client
        .update_custom_lockout_policy(management::UpdateCustomLockoutPolicyRequest {
            max_password_attempts: 8,
            max_otp_attempts: 2,
        })
        .await?;

    let shown = builder()
        .with_interceptor(caller(None))
        .build_settings_client()
        .await?
        .get_lockout_settings(settings::GetLockoutSettingsRequest {
            ctx: Some(RequestContext {
                resource_owner: Some(ResourceOwner::OrgId(org)),
            }),
        })
        .await?
        .into_inner()
        .settings
        .ok_or("no settings")?;
    assert_eq!(
        (shown.max_password_attempts, shown.max_otp_attempts),
        (8, 2)
    );

    client
        .reset_lockout_policy_to_default(management::ResetLockoutPolicyToDefaultRequest {})
        .await?;
    let after = client
        .get_lockout_policy(management::GetLockoutPolicyRequest {})
        .await?
        .into_inner();
    assert!(after.is_default);
    Ok(())
}

#[tokio::test]
async fn no_token() -> Outcome {
    let refused = builder()
        .build_admin_client()
        .await?
        .get_lockout_policy(admin::GetLockoutPolicyRequest {})
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refused.message(), refused.details()),
        (Code::Unauthenticated, "auth header missing", &[][..]),
    );
    Ok(())
}
