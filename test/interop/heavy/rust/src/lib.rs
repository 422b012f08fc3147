//! Calls a running lockoutd with the Rust client for ZITADEL (tonic), unmodified: see the tests.
