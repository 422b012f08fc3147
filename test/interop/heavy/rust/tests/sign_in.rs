//! Signs in by each way that the crate has, and makes with a key file every call that has to do with lockout.

mod calls;
mod stage;

use std::fs::read_to_string;

use calls::{assert_refusal, builder};
use stage::{Outcome, server, setting};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request};
use zitadel::api::clients::ClientBuilder;
use zitadel::api::interceptors::ServiceAccountInterceptor;
use zitadel::api::zitadel::admin::v1 as admin;
use zitadel::api::zitadel::auth::v1 as auth;
use zitadel::api::zitadel::authn::v1::KeyType;
use zitadel::api::zitadel::management::v1 as management;
use zitadel::api::zitadel::management::v1::management_service_client::ManagementServiceClient;
use zitadel::api::zitadel::org::v2 as org;
use zitadel::api::zitadel::org::v2::search_query::Query as OrgQuery;
use zitadel::api::zitadel::settings::v2 as settings;
use zitadel::api::zitadel::user::v1::user::Type;
use zitadel::api::zitadel::user::v2 as user;
use zitadel::api::zitadel::user::v2::search_query::Query as UserQuery;
use zitadel::credentials::{AuthenticationOptions, ServiceAccount};

type Management = ManagementServiceClient<InterceptedService<Channel, ServiceAccountInterceptor>>;

/// A builder that signs in by this key file before its first call.
fn signing_in(key_file: &str) -> Outcome<ClientBuilder<ServiceAccountInterceptor>> {
    let account = ServiceAccount::load_from_json(key_file)?;
    let options = AuthenticationOptions {
        api_access: true,
        ..Default::default()
    };
    Ok(builder().with_service_account(&account, Some(options)))
}

fn own() -> Outcome<ClientBuilder<ServiceAccountInterceptor>> {
    signing_in(&read_to_string(setting("LOCKOUTD_KEY_FILE"))?)
}

/// A request about the organisation of the tests.
fn in_org<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let org = setting("LOCKOUTD_ORG_ID").parse().expect("an id");
    request.metadata_mut().insert("x-zitadel-orgid", org);
    request
}

#[tokio::test]
async fn key_file() -> Outcome {
    let mut client = own()?.build_auth_client().await?;
    // The second call has the token of the first.
    for _ in 0..2 {
        let me = client
            .get_my_user(auth::GetMyUserRequest {})
            .await?
            .into_inner()
            .user
            .ok_or("no user")?;
        assert_eq!(me.user_name, setting("LOCKOUTD_CLIENT_ID"));
        assert!(matches!(me.r#type, Some(Type::Machine(_))));
    }
    let permissions = client
        .list_my_zitadel_permissions(auth::ListMyZitadelPermissionsRequest {})
        .await?
        .into_inner();
    assert!(permissions.result.contains(&"iam.policy.write".to_string()));
    let memberships = client
        .list_my_memberships(auth::ListMyMembershipsRequest::default())
        .await?
        .into_inner();
    assert_eq!(memberships.result[0].roles, ["IAM_OWNER"]);
    Ok(())
}

/// The issuer is compared byte for byte with the URL that the program was given.
#[tokio::test]
async fn other_name_of_the_host() -> Outcome {
    let account = ServiceAccount::load_from_file(&setting("LOCKOUTD_KEY_FILE"))?;
    let token = account
        .authenticate(&server().replace("127.0.0.1", "localhost"))
        .await?;
    let mut client = builder()
        .with_access_token(&token)
        .build_admin_client()
        .await?;
    client
        .get_lockout_policy(admin::GetLockoutPolicyRequest {})
        .await?;
    Ok(())
}

#[tokio::test]
async fn personal_access_token() -> Outcome {
    let token = setting("LOCKOUTD_ADMIN_TOKEN");
    let mut client = builder()
        .with_access_token(&token)
        .build_auth_client()
        .await?;
    let me = client.get_my_user(auth::GetMyUserRequest {}).await?;
    assert!(me.into_inner().user.is_some());
    Ok(())
}

#[tokio::test]
async fn default_policy() -> Outcome {
    let mut client = own()?.build_admin_client().await?;
    let limits = admin::UpdateLockoutPolicyRequest {
        max_password_attempts: 9,
        max_otp_attempts: 5,
    };
    let updated = client
        .update_lockout_policy(limits.clone())
        .await?
        .into_inner();
    let details = updated.details.ok_or("no details")?;
    assert_eq!(details.resource_owner, setting("LOCKOUTD_INSTANCE_ID"));
    let again = client.update_lockout_policy(limits).await.unwrap_err();
    assert_refusal(
        &again,
        Code::FailedPrecondition,
        "Errors.IAM.LockoutPolicy.NotChanged",
        "INSTANCE-0psjF",
    )?;
    let policy = client
        .get_lockout_policy(admin::GetLockoutPolicyRequest {})
        .await?
        .into_inner()
        .policy
        .ok_or("no policy")?;
    assert_eq!(
        (policy.max_password_attempts, policy.max_otp_attempts),
        (9, 5)
    );
    let events = client
        .list_events(admin::ListEventsRequest {
            limit: 5,
            event_types: vec!["instance.policy.lockout.changed".to_string()],
            ..Default::default()
        })
        .await?
        .into_inner()
        .events;
    let editor = events[0].editor.as_ref().ok_or("no editor")?;
    let me = own()?
        .build_auth_client()
        .await?
        .get_my_user(auth::GetMyUserRequest {})
        .await?
        .into_inner();
    assert_eq!(editor.user_id, me.user.ok_or("no user")?.id);
    Ok(())
}

#[tokio::test]
async fn organisation_policy() -> Outcome {
    let mut client = own()?.build_management_client().await?;
    let none = client
        .reset_lockout_policy_to_default(in_org(management::ResetLockoutPolicyToDefaultRequest {}))
        .await
        .unwrap_err();
    assert_refusal(
        &none,
        Code::NotFound,
        "Errors.Org.LockoutPolicy.NotFound",
        "ORG-D4zuz",
    )?;
    client
        .add_custom_lockout_policy(in_org(management::AddCustomLockoutPolicyRequest {
            max_password_attempts: 7,
            max_otp_attempts: 2,
        }))
        .await?;
    client
        .update_custom_lockout_policy(in_org(management::UpdateCustomLockoutPolicyRequest {
            max_password_attempts: 8,
            max_otp_attempts: 0,
        }))
        .await?;
    let answer = client
        .get_lockout_policy(in_org(management::GetLockoutPolicyRequest {}))
        .await?
        .into_inner();
    assert!(!answer.is_default);
    let policy = answer.policy.ok_or("no policy")?;
    assert_eq!(
        (policy.max_password_attempts, policy.max_otp_attempts),
        (8, 0)
    );
    let standard = client
        .get_default_lockout_policy(in_org(management::GetDefaultLockoutPolicyRequest {}))
        .await?
        .into_inner();
    assert!(standard.policy.ok_or("no policy")?.is_default);
    let shown = own()?
        .build_settings_client()
        .await?
        .get_lockout_settings(in_org(settings::GetLockoutSettingsRequest { ctx: None }))
        .await?
        .into_inner();
    assert!(shown.settings.is_some());
    client
        .reset_lockout_policy_to_default(in_org(management::ResetLockoutPolicyToDefaultRequest {}))
        .await?;
    Ok(())
}

#[tokio::test]
async fn users() -> Outcome {
    let user_id = setting("LOCKOUTD_USER_ID");
    let mut client = own()?.build_user_client().await?;
    let locked = client
        .lock_user(user::LockUserRequest {
            user_id: user_id.clone(),
        })
        .await?
        .into_inner();
    let details = locked.details.ok_or("no details")?;
    assert_eq!(details.resource_owner, setting("LOCKOUTD_ORG_ID"));
    let shown = client
        .get_user_by_id(user::GetUserByIdRequest {
            user_id: user_id.clone(),
        })
        .await?
        .into_inner()
        .user
        .ok_or("no user")?;
    assert_eq!(shown.state(), user::UserState::Locked);
    let unlock = user::UnlockUserRequest {
        user_id: user_id.clone(),
    };
    client.unlock_user(unlock.clone()).await?;
    let again = client.unlock_user(unlock).await.unwrap_err();
    assert_refusal(
        &again,
        Code::FailedPrecondition,
        "Errors.User.NotLocked",
        "COMMAND-olb9vb0oca",
    )?;
    let found = client
        .list_users(user::ListUsersRequest {
            queries: vec![user::SearchQuery {
                query: Some(UserQuery::InUserIdsQuery(user::InUserIdQuery {
                    user_ids: vec![user_id.clone()],
                })),
            }],
            ..Default::default()
        })
        .await?
        .into_inner();
    assert_eq!(found.result.len(), 1);

    let mut old = own()?.build_management_client().await?;
    old.lock_user(in_org(management::LockUserRequest {
        id: user_id.clone(),
    }))
    .await?;
    old.unlock_user(in_org(management::UnlockUserRequest {
        id: user_id.clone(),
    }))
    .await?;
    let human = old
        .get_user_by_id(in_org(management::GetUserByIdRequest { id: user_id }))
        .await?
        .into_inner()
        .user
        .ok_or("no user")?;
    assert!(matches!(human.r#type, Some(Type::Human(_))));
    Ok(())
}

#[tokio::test]
async fn organisations() -> Outcome {
    let id = setting("LOCKOUTD_ORG_ID");
    let mine = own()?
        .build_management_client()
        .await?
        .get_my_org(in_org(management::GetMyOrgRequest {}))
        .await?
        .into_inner();
    assert_eq!(mine.org.ok_or("no organisation")?.id, id);
    let mut instance = own()?.build_admin_client().await?;
    let found = instance
        .get_org_by_id(admin::GetOrgByIdRequest { id: id.clone() })
        .await?
        .into_inner();
    assert_eq!(found.org.ok_or("no organisation")?.id, id);
    let first = instance
        .get_default_org(admin::GetDefaultOrgRequest {})
        .await?
        .into_inner();
    assert_ne!(first.org.ok_or("no organisation")?.id, id);
    let listed = own()?
        .build_organization_client()
        .await?
        .list_organizations(org::ListOrganizationsRequest {
            queries: vec![org::SearchQuery {
                query: Some(OrgQuery::IdQuery(org::OrganizationIdQuery {
                    id: id.clone(),
                })),
            }],
            ..Default::default()
        })
        .await?
        .into_inner();
    assert_eq!(listed.result[0].id, id);
    Ok(())
}

/// An account that the program makes signs in by the key file that came back, until it is removed.
#[tokio::test]
async fn machine_user() -> Outcome {
    let mut client = own()?.build_management_client().await?;
    let user_id = client
        .add_machine_user(in_org(management::AddMachineUserRequest {
            user_name: "by-rust".to_string(),
            name: "made by the Rust crate".to_string(),
            ..Default::default()
        }))
        .await?
        .into_inner()
        .user_id;
    client
        .add_org_member(in_org(management::AddOrgMemberRequest {
            user_id: user_id.clone(),
            roles: vec!["ORG_OWNER".to_string()],
        }))
        .await?;
    let key = client
        .add_machine_key(in_org(management::AddMachineKeyRequest {
            user_id: user_id.clone(),
            r#type: KeyType::Json as i32,
            ..Default::default()
        }))
        .await?
        .into_inner()
        .key_details;
    let mut its: Management = signing_in(&String::from_utf8(key)?)?
        .build_management_client()
        .await?;
    let mine = its.get_my_org(management::GetMyOrgRequest {}).await?;
    let org = mine.into_inner().org.ok_or("no organisation")?;
    assert_eq!(org.id, setting("LOCKOUTD_ORG_ID"));
    client
        .remove_user(in_org(management::RemoveUserRequest { id: user_id }))
        .await?;
    let gone = its.get_my_org(management::GetMyOrgRequest {}).await;
    assert_eq!(gone.unwrap_err().code(), Code::Unauthenticated);
    Ok(())
}
