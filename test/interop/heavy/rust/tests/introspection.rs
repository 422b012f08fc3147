//! Looks at the tokens of others, as a resource server that is built with the crate does.

mod stage;

use std::fs::read_to_string;

use openidconnect::TokenIntrospectionResponse;
use stage::{Outcome, server, setting};
use zitadel::credentials::{Application, ServiceAccount};
use zitadel::oidc::discovery::discover;
use zitadel::oidc::introspection::{AuthorityAuthentication, introspect};

async fn token() -> Outcome<String> {
    let account = ServiceAccount::load_from_json(&read_to_string(setting("LOCKOUTD_KEY_FILE"))?)?;
    Ok(account.authenticate(&server()).await?)
}

/// A token that was given a moment ago is active, and a text that is none is not.
async fn assert_told(authentication: &AuthorityAuthentication) -> Outcome {
    let metadata = discover(&server()).await?;
    let endpoint = metadata
        .additional_metadata()
        .introspection_endpoint
        .as_ref()
        .ok_or("no endpoint")?
        .as_str();
    let known = introspect(endpoint, &server(), authentication, &token().await?).await?;
    assert!(known.active());
    assert_eq!(
        known.username(),
        Some(setting("LOCKOUTD_CLIENT_ID").as_str())
    );
    assert_eq!(known.aud(), Some(&vec![server()]));
    let unknown = introspect(endpoint, &server(), authentication, "none").await?;
    assert!(!unknown.active());
    Ok(())
}

#[tokio::test]
async fn by_secret() -> Outcome {
    assert_told(&AuthorityAuthentication::Basic {
        client_id: setting("LOCKOUTD_CLIENT_ID"),
        client_secret: setting("LOCKOUTD_CLIENT_SECRET"),
    })
    .await
}

#[tokio::test]
async fn by_key_file() -> Outcome {
    assert_told(&AuthorityAuthentication::JWTProfile {
        application: Application::load_from_file(setting("LOCKOUTD_APPLICATION_FILE"))?,
    })
    .await
}

#[tokio::test]
async fn by_wrong_secret() -> Outcome {
    let wrong = AuthorityAuthentication::Basic {
        client_id: setting("LOCKOUTD_CLIENT_ID"),
        client_secret: "wrong".to_string(),
    };
    let refused = assert_told(&wrong).await.unwrap_err().to_string();
    assert!(
        refused.contains("401") && refused.contains("invalid_client"),
        "{refused}"
    );
    Ok(())
}
