//! Views of `source` declarations: how one provider's request becomes events.

use super::{
    AstNode, At, DurationExpr, Expr, Name, ObjectExpr, StringLit, child, children, choice, docs, nth,
    strings, views, words,
};

views! {
    /// `source NAME { … }`
    SourceDecl = SOURCE_DECL;
    /// `{ … }` around items.
    SourceBlock = SOURCE_BLOCK;
    /// `else { … }`
    SourceElse = SOURCE_ELSE;
}

impl SourceDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What it says, in order.
    pub fn items(&self) -> impl Iterator<Item = SourceItem> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl SourceBlock {
    /// What it says, in order.
    pub fn items(&self) -> impl Iterator<Item = SourceItem> + use<> {
        children(self.syntax())
    }
}

impl SourceElse {
    /// What happens otherwise.
    #[must_use]
    pub fn block(&self) -> Option<SourceBlock> {
        child(self.syntax())
    }
}

choice! {
    /// One line of a source.
    SourceItem {
        /// `path "…"`
        Path(PathItem),
        /// `verify hmac …`
        Hmac(HmacItem),
        /// `verify basic auth USER PASSWORD`
        BasicAuth(SourceBasicItem),
        /// `verify bearer auth TOKEN`
        BearerAuth(SourceBearerItem),
        /// `verify token VALUE in PLACE`
        Token(TokenItem),
        /// `id VALUE`
        Id(IdItem),
        /// `time VALUE`
        Time(TimeItem),
        /// `answer VALUE`
        Answer(AnswerItem),
        /// `when CONDITION { … } else { … }`
        When(WhenItem),
        /// `for each NAME in VALUE { … }`
        Each(EachItem),
        /// `contact by email VALUE { … }`
        Identify(IdentifyItem),
        /// `event NAME { … }`
        Event(EventItem),
    }
}

views! {
    /// `path "…"`
    PathItem = PATH_ITEM;
    /// `verify hmac ALGORITHM of VALUE as ENCODING in PLACE prefix "…" with KEY, … within DURATION of TIME`
    HmacItem = HMAC_ITEM;
    /// `verify basic auth USER PASSWORD`
    SourceBasicItem = SOURCE_BASIC_ITEM;
    /// `verify bearer auth TOKEN`
    SourceBearerItem = SOURCE_BEARER_ITEM;
    /// `verify token VALUE in PLACE`
    TokenItem = TOKEN_ITEM;
    /// `id VALUE`
    IdItem = ID_ITEM;
    /// `time VALUE`
    TimeItem = TIME_ITEM;
    /// `answer VALUE`
    AnswerItem = ANSWER_ITEM;
    /// `when CONDITION { … } else { … }`
    WhenItem = WHEN_ITEM;
    /// `for each NAME in VALUE { … }`
    EachItem = EACH_ITEM;
    /// `contact by email VALUE, phone VALUE { … }`
    IdentifyItem = IDENTIFY_ITEM;
    /// `event NAME id VALUE at TIME { … }`
    EventItem = EVENT_ITEM;
    /// `of VALUE`: what is signed.
    HmacOf = HMAC_OF;
    /// `as base64`
    Encoding = ENCODING;
    /// `in PLACE`: where a signature or a token is found.
    FoundIn = FOUND_IN;
    /// `prefix "…"`
    Prefix = PREFIX;
    /// `base64 SECRET`: one key.
    KeyValue = KEY;
    /// `within DURATION of TIME`
    Tolerance = TOLERANCE;
    /// `email VALUE`: how somebody is recognised.
    Identity = IDENTITY;
    /// `id VALUE` of an event.
    EventId = EVENT_ID;
}

impl PathItem {
    /// The path below the server's address.
    #[must_use]
    pub fn path(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl HmacItem {
    /// `sha1`, `sha256`, `sha512`, or what else is written.
    #[must_use]
    pub fn algorithm(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What is signed.
    #[must_use]
    pub fn signed(&self) -> Option<Expr> {
        child::<HmacOf>(self.syntax())?.value()
    }

    /// `hex`, `base64`, or what else is written: how the signature is spelled.
    #[must_use]
    pub fn encoding(&self) -> Option<Name> {
        child::<Encoding>(self.syntax())?.name()
    }

    /// Where the signature stands.
    #[must_use]
    pub fn found_in(&self) -> Option<Expr> {
        child::<FoundIn>(self.syntax())?.value()
    }

    /// What stands before the signature.
    #[must_use]
    pub fn prefix(&self) -> Option<StringLit> {
        strings(child::<Prefix>(self.syntax())?.syntax()).next()
    }

    /// The keys; one of them must fit.
    pub fn keys(&self) -> impl Iterator<Item = KeyValue> + use<> {
        children(self.syntax())
    }

    /// How old a request may be.
    #[must_use]
    pub fn tolerance(&self) -> Option<Tolerance> {
        child(self.syntax())
    }
}

impl Encoding {
    /// `hex`, `base64`, or what else is written.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

/// How bytes are spelled as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spelling {
    /// `base64`
    Base64,
    /// `hex`
    Hex,
}

impl KeyValue {
    /// How the key's bytes are spelled in the secret; none if they are its text.
    #[must_use]
    pub fn spelling(&self) -> Option<Spelling> {
        match words(self.syntax()).next()?.text() {
            "base64" => Some(Spelling::Base64),
            "hex" => Some(Spelling::Hex),
            _ => None,
        }
    }

    /// The secret.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl Tolerance {
    /// How old at most.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }

    /// When the request says that it was sent.
    #[must_use]
    pub fn of(&self) -> Option<Expr> {
        // The duration is the first of the two.
        nth(self.syntax(), usize::from(self.duration().is_some()))
    }
}

impl SourceBasicItem {
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

impl TokenItem {
    /// The token that is wanted.
    #[must_use]
    pub fn token(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// Where it stands.
    #[must_use]
    pub fn found_in(&self) -> Option<Expr> {
        child::<FoundIn>(self.syntax())?.value()
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

one_value! { SourceBearerItem IdItem TimeItem AnswerItem HmacOf FoundIn EventId }

impl WhenItem {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// What happens when it holds.
    #[must_use]
    pub fn block(&self) -> Option<SourceBlock> {
        child(self.syntax())
    }

    /// What happens when it does not.
    #[must_use]
    pub fn otherwise(&self) -> Option<SourceBlock> {
        child::<SourceElse>(self.syntax())?.block()
    }
}

impl EachItem {
    /// What an item of the list is called in the block.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The list.
    #[must_use]
    pub fn list(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// What happens for each item.
    #[must_use]
    pub fn block(&self) -> Option<SourceBlock> {
        child(self.syntax())
    }
}

impl IdentifyItem {
    /// The entity.
    #[must_use]
    pub fn entity(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// By which attributes it is recognised, in this order.
    pub fn identities(&self) -> impl Iterator<Item = Identity> + use<> {
        children(self.syntax())
    }

    /// Attributes that it gets.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

impl Identity {
    /// The attribute.
    #[must_use]
    pub fn attribute(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl EventItem {
    /// The event's name.
    #[must_use]
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What tells it from all others of the provider.
    #[must_use]
    pub fn id(&self) -> Option<Expr> {
        child::<EventId>(self.syntax())?.value()
    }

    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Option<Expr> {
        child::<At>(self.syntax())?.value()
    }

    /// The event's fields.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}
