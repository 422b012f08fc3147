//! Verifies access tokens without asking for them, where the server gives JWTs.

mod stage;

use serde::Deserialize;
use stage::{Outcome, server, setting};
use zitadel::credentials::ServiceAccount;
use zitadel::oidc::introspection::{fetch_jwks, local_jwt_validation};

#[derive(Deserialize)]
struct Claims {
    iss: String,
    client_id: String,
}

#[tokio::test]
async fn keys_of_the_server() -> Outcome {
    let account = ServiceAccount::load_from_file(&setting("LOCKOUTD_KEY_FILE"))?;
    let token = account.authenticate(&server()).await?;
    let keys = fetch_jwks(&server()).await?;
    let url = server();
    let claims: Claims = local_jwt_validation(&[&url], &[&url], keys.clone(), &token).await?;
    assert_eq!(
        (claims.iss, claims.client_id),
        (server(), setting("LOCKOUTD_CLIENT_ID"))
    );
    let other = ["https://other.example.com"];
    let refused = local_jwt_validation::<Claims>(&[&url], &other, keys, &token).await;
    assert!(refused.is_err());
    Ok(())
}
