//! What files of tests need that make calls.

use prost::Message;
use tonic::{Code, Status};
use zitadel::api::clients::ClientBuilder;
use zitadel::api::zitadel::v1::ErrorDetail;

use crate::stage::{Outcome, server};

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

pub fn builder() -> ClientBuilder {
    ClientBuilder::new(&server())
}

/// Fails unless a refusal has this code, this text and this detail.
pub fn assert_refusal(status: &Status, code: Code, key: &str, id: &str) -> Outcome {
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
