//! Guesses the type of a field from values that came.
//!
//! A guess is for a person to look at: it is narrow where all values are alike, and a text or
//! JSON where they are not. It must not know where values come from.

use std::collections::BTreeSet;

use onward_bytecode::{Scalar, Type, Value as Typed};
use serde_json::Value;

/// A set has at most so many texts.
const SET: usize = 6;
/// A set is not guessed from fewer values.
const ENOUGH: usize = 20;
/// A text of a set is no longer.
const WORD: usize = 24;

/// What is known of a field's values so far.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// How many values there were.
    seen: usize,
    /// How many of them were lists.
    lists: usize,
    /// What all values, or all items, could be.
    fits: Option<Vec<Scalar>>,
    /// Different texts, as long as they are few.
    texts: BTreeSet<String>,
    many: bool,
}

/// From the narrowest to the widest. A text may be any of them but the first two.
const SORTS: [Scalar; 9] = [
    Scalar::Bool,
    Scalar::Number,
    Scalar::Date,
    Scalar::Time,
    Scalar::Email,
    Scalar::Phone,
    Scalar::Url,
    Scalar::Timezone,
    Scalar::Text,
];

impl Guess {
    /// Takes a value into account; `null` says nothing.
    pub(super) fn see(&mut self, value: &Value) {
        match value {
            Value::Null => return,
            Value::Array(items) => {
                self.lists += 1;
                items.iter().for_each(|item| self.narrow(item));
            }
            one => self.narrow(one),
        }
        self.seen += 1;
    }

    /// How many values there were.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    fn narrow(&mut self, value: &Value) {
        let fits = |scalar: &Scalar| matches!(Typed::from_json(value, &Type::One(scalar.clone())), Ok(it) if !it.is_missing());
        match &mut self.fits {
            Some(known) => known.retain(fits),
            None => self.fits = Some(SORTS.iter().filter(|scalar| fits(scalar)).cloned().collect()),
        }
        match value {
            Value::String(text) if !self.many => {
                self.texts.insert(text.clone());
                self.many = self.texts.len() > SET || text.chars().count() > WORD;
            }
            Value::String(_) => {}
            _ => self.many = true,
        }
    }

    /// The type.
    pub(super) fn ty(&self) -> Type {
        let scalar = self.scalar();
        match (self.lists, scalar) {
            (0, scalar) => Type::One(scalar),
            (lists, Scalar::Json) if lists <= self.seen => Type::One(Scalar::Json),
            (lists, scalar) if lists == self.seen => Type::List(scalar),
            _ => Type::One(Scalar::Json),
        }
    }

    fn scalar(&self) -> Scalar {
        let Some(fits) = &self.fits else { return Scalar::Json };
        match fits.first() {
            Some(Scalar::Text) if self.is_set() => {
                Scalar::OneOf(self.texts.iter().map(|text| text.as_str().into()).collect())
            }
            Some(scalar) => scalar.clone(),
            None => Scalar::Json,
        }
    }

    /// Whether the same few words come again and again.
    fn is_set(&self) -> bool {
        !self.many
            && self.lists == 0
            && self.texts.len() >= 2
            && self.seen >= ENOUGH.max(self.texts.len() * 5)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn guess(values: &[Value]) -> String {
        let mut guess = Guess::default();
        values.iter().for_each(|value| guess.see(value));
        guess.ty().to_string()
    }

    #[test]
    fn values_that_are_alike_have_a_narrow_type() {
        for (values, expected) in [
            (vec![json!(1), json!(2.5), Value::Null], "number"),
            (vec![json!(true)], "bool"),
            (vec![json!("2026-03-08"), json!("2026-03-09")], "date"),
            (vec![json!("2026-03-08"), json!("2026-03-08T09:00:00Z")], "time"),
            (vec![json!("ana@example.com")], "email"),
            (vec![json!("+14155550123")], "phone"),
            (vec![json!("https://acme.example/a")], "url"),
            (vec![json!("Europe/Berlin")], "timezone"),
            (vec![json!("a"), json!("ana@example.com")], "text"),
            (vec![json!(1), json!("1")], "json"),
            (vec![json!({"a": 1})], "json"),
            (vec![json!(["a", "b"]), json!([])], "list of text"),
            (vec![json!([1]), json!(1)], "json"),
            (vec![json!([])], "json"),
            (vec![], "json"),
        ] {
            assert_eq!(guess(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_few_words_that_come_again_are_a_set() {
        let plans = |count: usize| -> Vec<Value> {
            (0..count).map(|number| json!(if number % 3 == 0 { "pro" } else { "free" })).collect()
        };
        assert_eq!(guess(&plans(19)), "text");
        assert_eq!(guess(&plans(20)), "\"free\" | \"pro\"");
        let names: Vec<Value> = (0..100).map(|number| json!(format!("name {number}"))).collect();
        assert_eq!(guess(&names), "text");
    }
}
