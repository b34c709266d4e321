//! The courier that really sends.

use async_trait::async_trait;
use onward_engine::vm::request::Request;

use super::courier::{Call, Courier, Delivery};
use super::mail_server::MailServer;
use super::post::Post;
use super::web::Web;
use crate::secrets::Secrets;

/// Sends requests over HTTP and SMTP.
pub struct Network {
    web: Web,
    post: Post,
    secrets: Secrets,
    mail_server: Option<MailServer>,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an HTTP client; are the machine's certificates installed?")]
pub struct NetworkError(#[from] reqwest::Error);

impl Network {
    /// A courier. `mail_server` comes before the project's own; `secrets` hold the
    /// login of the project's.
    ///
    /// # Errors
    /// If no HTTP client can be made.
    pub fn new(secrets: Secrets, mail_server: Option<MailServer>) -> Result<Self, NetworkError> {
        crate::install_tls();
        Ok(Self { web: Web::new()?, post: Post::default(), secrets, mail_server })
    }
}

#[async_trait]
impl Courier for Network {
    async fn send(&self, call: &Call<'_>) -> Delivery {
        match call.request {
            Request::Http(http) => self.web.send(http, call).await,
            Request::Mail(mail) => {
                let server = match &self.mail_server {
                    Some(server) => Ok(server.clone()),
                    None => MailServer::of(call.project.smtp.as_ref(), &self.secrets),
                };
                match server {
                    Ok(server) => self.post.send(&server, mail, call).await,
                    Err(unready) => Delivery::refused(unready.to_string()),
                }
            }
        }
    }
}
