//! What every file of tests needs to know of the server.

use std::env;
use std::error::Error;

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What the test that runs this tells of the server.
pub fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this by npm run test:interop"))
}

/// The server's URL: its issuer too, byte for byte.
pub fn server() -> String {
    format!("http://{}", setting("LOCKOUTD_ADDRESS"))
}
