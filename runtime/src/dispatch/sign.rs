//! Signatures of webhooks, as the Standard Webhooks specification says
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! "Webhook headers" and "Signature scheme").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// How a symmetric secret starts.
const PREFIX: &str = "whsec_";

/// Why a message cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the signing secret is not `whsec_` and base64 after it; the receiver of the webhook shows the right one"
)]
pub(crate) struct BadSecret;

/// The headers that sign `body`.
///
/// # Errors
/// If the secret is none.
pub(crate) fn headers(
    secret: &str,
    id: &str,
    at: Timestamp,
    body: &[u8],
) -> Result<[(&'static str, String); 3], BadSecret> {
    let timestamp = at.as_second().to_string();
    let signature = signature(secret, id, &timestamp, body)?;
    Ok([("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signature)])
}

fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Result<String, BadSecret> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).map_err(|_| BadSecret)?;
    if key.is_empty() {
        return Err(BadSecret);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| BadSecret)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The vector of the specification's own libraries.
    #[test]
    fn the_known_message_is_signed_alike() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let headers =
            headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(headers[0], ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()));
        assert_eq!(headers[1], ("webhook-timestamp", "1614265330".to_owned()));
        assert_eq!(
            headers[2],
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned())
        );
    }

    #[test]
    fn the_prefix_may_be_left_out() {
        let with = signature(SECRET, "a", "1", b"x");
        assert_eq!(with, signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a", "1", b"x"));
        assert!(with.is_ok());
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        assert_eq!(signature("whsec_", "a", "1", b"x"), Err(BadSecret));
        assert_eq!(signature("my password", "a", "1", b"x"), Err(BadSecret));
    }
}
