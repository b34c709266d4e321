//! Who may ask: holders of a key, as `Authorization: Bearer KEY` or as the user name of
//! basic authentication (RFC 7617), which is how Segment's clients send theirs.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::Problem;

/// Who may use the API.
#[derive(Clone)]
pub enum Access {
    /// Everybody who can reach it.
    Open,
    /// Holders of one of these keys.
    Keys(Vec<String>),
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Keys(keys) => write!(f, "Keys({})", keys.len()),
        }
    }
}

impl Access {
    /// Refuses a request whose headers hold no right key.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        self.check_key(presented(headers).as_deref())
    }

    /// Refuses a key that is none of ours.
    pub(super) fn check_key(&self, key: Option<&str>) -> Result<(), Problem> {
        let Self::Keys(keys) = self else { return Ok(()) };
        let problem = |code, message| Err(Problem::new(StatusCode::UNAUTHORIZED, code, message));
        match key {
            None => problem("no_key", "this request has no key").map_err(|problem| {
                problem.help(
                    "send `Authorization: Bearer KEY`, or the key as the user name of basic authentication",
                )
            }),
            Some(key) if matches(keys, key) => Ok(()),
            Some(_) => problem("wrong_key", "this key is not one of the server's")
                .map_err(|problem| problem.help("the server's keys are in its ONWARD_API_KEYS")),
        }
    }
}

/// The time it takes tells nothing of the keys: hashes are compared, all of them, and each
/// comparison of two takes the same time.
fn matches(keys: &[String], key: &str) -> bool {
    let given = blake3::hash(key.as_bytes());
    keys.iter().fold(false, |found, own| (blake3::hash(own.as_bytes()) == given) | found)
}

/// The key in a request's headers.
pub(super) fn presented(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = header.trim().split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => {
            let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            let user = text.split_once(':').map_or(text.as_str(), |(user, _)| user);
            Some(user.to_owned())
        }
        _ => None,
    }
    .filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn keys_are_read_from_both_schemes() {
        assert_eq!(presented(&headers("Bearer abc")).as_deref(), Some("abc"));
        assert_eq!(presented(&headers("bearer  abc ")).as_deref(), Some("abc"));
        assert_eq!(presented(&headers("Basic YWJjOg==")).as_deref(), Some("abc"));
        assert_eq!(presented(&headers("Basic YWJj")).as_deref(), Some("abc"));
        for wrong in ["", "abc", "Basic ???", "Digest abc", "Basic Og=="] {
            assert_eq!(presented(&headers(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_right_key_opens() {
        let access = Access::Keys(vec!["one".to_owned(), "two".to_owned()]);
        assert!(access.check(&headers("Bearer two")).is_ok());
        assert!(access.check(&headers("Bearer three")).is_err());
        assert!(access.check(&HeaderMap::new()).is_err());
        assert!(Access::Open.check(&HeaderMap::new()).is_ok());
        assert_eq!(format!("{access:?}"), "Keys(2)");
    }
}
