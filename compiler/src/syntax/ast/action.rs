//! Views of `action` declarations: how a `do` becomes a request.

use super::{
    AstNode, Dotted, Expr, Name, ObjectExpr, StringLit, TypeExpr, Where, child, children, choice, docs,
    has_word, nth, strings, views, words,
};

views! {
    /// `action NAME(PARAMS) { … }`
    ActionDecl = ACTION_DECL;
    /// `NAME: type = DEFAULT`
    Param = PARAM;
}

impl ActionDecl {
    /// Its dotted name.
    #[must_use]
    pub fn name(&self) -> Option<Dotted> {
        child(self.syntax())
    }

    /// Its parameters.
    pub fn params(&self) -> impl Iterator<Item = Param> + use<> {
        children(self.syntax())
    }

    /// What it says about its request.
    pub fn items(&self) -> impl Iterator<Item = ActionItem> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl Param {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its type.
    #[must_use]
    pub fn ty(&self) -> Option<TypeExpr> {
        child(self.syntax())
    }

    /// The value it has if the `do` gives none.
    #[must_use]
    pub fn default(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

choice! {
    /// One line of an action.
    ActionItem {
        /// `post "…"`
        Request(RequestItem),
        /// `basic auth USER PASSWORD`
        BasicAuth(BasicAuthItem),
        /// `bearer auth TOKEN`
        BearerAuth(BearerAuthItem),
        /// `header "…" VALUE`
        Header(HeaderItem),
        /// `form { … }`
        Form(FormItem),
        /// `json VALUE`
        Json(JsonItem),
        /// `body VALUE`
        Body(BodyItem),
        /// `smtp { … }`
        Smtp(SmtpItem),
        /// `sign webhook with SECRET`
        Sign(SignItem),
        /// `expect 201`
        Expect(ExpectItem),
        /// `result { … }`
        Result(ResultItem),
        /// `retry on 429, 5xx`
        Retry(RetryItem),
        /// `when unsure …`
        Unsure(UnsureItem),
        /// `timeout 10s`
        Timeout(TimeoutItem),
        /// `channel NAME`
        Channel(ChannelItem),
        /// `multipart { … }`
        Multipart(MultipartItem),
        /// `oauth client credentials URL ID SECRET`
        OauthClient(OauthClientItem),
        /// `oauth refresh token URL ID SECRET TOKEN`
        OauthRefresh(OauthRefreshItem),
    }
}

views! {
    /// `post "…"`
    RequestItem = REQUEST_ITEM;
    /// `basic auth USER PASSWORD`
    BasicAuthItem = BASIC_AUTH_ITEM;
    /// `bearer auth TOKEN`
    BearerAuthItem = BEARER_AUTH_ITEM;
    /// `header "…" VALUE`
    HeaderItem = HEADER_ITEM;
    /// `form { … }`
    FormItem = FORM_ITEM;
    /// `json VALUE`
    JsonItem = JSON_ITEM;
    /// `body VALUE`
    BodyItem = BODY_ITEM;
    /// `smtp { … }`
    SmtpItem = SMTP_ITEM;
    /// `sign webhook with SECRET`
    SignItem = SIGN_ITEM;
    /// `expect 201`
    ExpectItem = EXPECT_ITEM;
    /// `result { … }`
    ResultItem = RESULT_ITEM;
    /// `retry on 429, 5xx`
    RetryItem = RETRY_ITEM;
    /// `when unsure …`
    UnsureItem = UNSURE_ITEM;
    /// `timeout 10s`
    TimeoutItem = TIMEOUT_ITEM;
    /// `channel NAME`
    ChannelItem = CHANNEL_ITEM;
    /// `multipart { … }`
    MultipartItem = MULTIPART_ITEM;
    /// `oauth client credentials URL ID SECRET scope VALUE`
    OauthClientItem = OAUTH_CLIENT_ITEM;
    /// `oauth refresh token URL ID SECRET TOKEN scope VALUE`
    OauthRefreshItem = OAUTH_REFRESH_ITEM;
    /// `scope VALUE`
    OauthScope = SCOPE;
    /// `201` or `2xx`
    Status = STATUS;
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `get`
    Get,
    /// `post`
    Post,
    /// `put`
    Put,
    /// `patch`
    Patch,
    /// `delete`
    Delete,
}

impl RequestItem {
    /// The method.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        match words(self.syntax()).next()?.text() {
            "get" => Some(Method::Get),
            "post" => Some(Method::Post),
            "put" => Some(Method::Put),
            "patch" => Some(Method::Patch),
            "delete" => Some(Method::Delete),
            _ => None,
        }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl BasicAuthItem {
    /// The user's name.
    #[must_use]
    pub fn user(&self) -> Option<Expr> {
        nth(self.syntax(), 0)
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> Option<Expr> {
        nth(self.syntax(), 1)
    }
}

impl HeaderItem {
    /// The header's name.
    #[must_use]
    pub fn name(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

/// Views with one expression each.
macro_rules! one_value {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The value.
                #[must_use]
                pub fn value(&self) -> Option<Expr> {
                    child(self.syntax())
                }
            }
        )*
    };
}

one_value! { BearerAuthItem JsonItem BodyItem SignItem TimeoutItem OauthScope }

/// Views with one object each.
macro_rules! one_object {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The object.
                #[must_use]
                pub fn object(&self) -> Option<ObjectExpr> {
                    child(self.syntax())
                }
            }
        )*
    };
}

one_object! { FormItem SmtpItem ResultItem MultipartItem }

impl ExpectItem {
    /// The answers that mean success.
    pub fn statuses(&self) -> impl Iterator<Item = Status> + use<> {
        children(self.syntax())
    }
}

impl ExpectItem {
    /// What else must hold of the answer.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }
}

impl ChannelItem {
    /// The channel.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

/// Views of what both ways to get a token have.
macro_rules! oauth {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The address that gives tokens.
                #[must_use]
                pub fn url(&self) -> Option<Expr> {
                    nth(self.syntax(), 0)
                }

                /// The client's id.
                #[must_use]
                pub fn client(&self) -> Option<Expr> {
                    nth(self.syntax(), 1)
                }

                /// The client's secret.
                #[must_use]
                pub fn secret(&self) -> Option<Expr> {
                    nth(self.syntax(), 2)
                }

                /// What the token is to allow.
                #[must_use]
                pub fn scope(&self) -> Option<Expr> {
                    child::<OauthScope>(self.syntax())?.value()
                }
            }
        )*
    };
}

oauth! { OauthClientItem OauthRefreshItem }

impl OauthRefreshItem {
    /// The refresh token.
    #[must_use]
    pub fn token(&self) -> Option<Expr> {
        nth(self.syntax(), 3)
    }
}

impl RetryItem {
    /// The answers after which to try again.
    pub fn statuses(&self) -> impl Iterator<Item = Status> + use<> {
        children(self.syntax())
    }
}

/// The answers that a status stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusCode {
    /// `201`
    One(u16),
    /// `2xx`: the first digit.
    Class(u16),
}

impl Status {
    /// What it stands for; `None` if it is no status, which the parser has said.
    #[must_use]
    pub fn code(&self) -> Option<StatusCode> {
        StatusCode::read(&self.syntax().text().to_string())
    }
}

impl StatusCode {
    /// Reads `201` or `2xx`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (class, rest) = text.split_at_checked(1)?;
        let class: u16 = class.parse().ok().filter(|it| (1..=5).contains(it))?;
        if rest == "xx" {
            return Some(Self::Class(class));
        }
        let digits = rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| rest.parse().ok()).flatten().map(|rest: u16| Self::One(class * 100 + rest))
    }
}

/// What to do with a request that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unsure {
    /// `park`: wait for a person.
    Park,
    /// `retry`, with or without an idempotency key.
    Retry,
}

impl UnsureItem {
    /// What to do.
    #[must_use]
    pub fn choice(&self) -> Option<Unsure> {
        match words(self.syntax()).nth(2)?.text() {
            "park" => Some(Unsure::Park),
            "retry" => Some(Unsure::Retry),
            _ => None,
        }
    }

    /// Whether `with idempotency key` is written.
    #[must_use]
    pub fn has_key(&self) -> bool {
        has_word(self.syntax(), "idempotency")
    }

    /// The header that carries the idempotency key.
    #[must_use]
    pub fn header(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}
