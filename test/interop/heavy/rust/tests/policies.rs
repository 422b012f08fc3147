//! The calls on policies, and their refusals, as a Rust program makes and reads them.

use std::env;
use std::error::Error;

use prost::Message;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Status};
use zitadel::api::clients::ClientBuilder;
use zitadel::api::zitadel::admin::v1 as admin;
use zitadel::api::zitadel::management::v1 as management;
use zitadel::api::zitadel::object::v2::RequestContext;
use zitadel::api::zitadel::object::v2::request_context::ResourceOwner;
use zitadel::api::zitadel::settings::v2 as settings;
use zitadel::api::zitadel::v1::ErrorDetail;

type Outcome = Result<(), Box<dyn Error>>;

/// google.rpc.Status, which tonic hands over as bytes.
#[derive(Clone, PartialEq, Message)]
struct RichStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Packed>,
}

/// google.protobuf.Any.
#[derive(Clone, PartialEq, Message)]
struct Packed {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this by npm run test:interop"))
}

fn builder() -> ClientBuilder {
    ClientBuilder::new(&format!("http://{}", setting("LOCKOUTD_ADDRESS")))
}

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

fn assert_refusal(status: &Status, code: Code, key: &str, id: &str) -> Outcome {
    let text = format!("{key} ({id})");
    assert_eq!((status.code(), status.message()), (code, text.as_str()));
    let rich = RichStatus::decode(status.details())?;
    assert_eq!((rich.code, rich.message), (code as i32, text));
    assert_eq!(rich.details.len(), 1);
    assert_eq!(
        rich.details[0].type_url,
        "type.googleapis.com/zitadel.v1.ErrorDetail"
    );
    let detail = ErrorDetail::decode(rich.details[0].value.as_slice())?;
    assert_eq!((detail.id.as_str(), detail.message.as_str()), (id, key));
    Ok(())
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
