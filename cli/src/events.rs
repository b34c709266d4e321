//! Events as files and command lines hold them, on their way to `POST /v1/events`.
//!
//! It must not know who sends them: `emit`, `import`, `dev` and `demo` do.

use std::io::BufRead;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::moment;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A contact or account by what it was called on the command line: a mail address, a phone number, else an id.
pub(crate) fn identity(word: &str) -> Value {
    let digits = word.strip_prefix('+').is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'))
    });
    if word.contains('@') {
        serde_json::json!({ "email": word })
    } else if digits {
        serde_json::json!({ "phone": word })
    } else {
        Value::from(word)
    }
}

/// Reads `field=value`. A value that is JSON is taken as JSON, everything else as text; `a.b=1` fills an object.
pub(crate) fn assignment(text: &str) -> Result<(String, Value), String> {
    let (field, value) = text
        .split_once('=')
        .filter(|(field, _)| !field.is_empty())
        .ok_or_else(|| format!("`{text}` is no field; write it like `form=signup` or `amount=49.90`"))?;
    Ok((field.to_owned(), value_of(value)))
}

fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Puts `value` at a dotted path of `object`.
pub(crate) fn put(object: &mut Object, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = object.entry(head).or_insert_with(|| Value::Object(Object::new()));
            // A contact known by its id alone becomes one with attributes.
            if let Some(id) = inner.as_str() {
                *inner = serde_json::json!({ "id": id });
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// One event of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Its line in the file, from 1.
    pub(crate) number: usize,
    /// The event as the API takes it.
    pub(crate) event: Object,
    /// How long after the first events it happens, in stories for `dev` and `demo`.
    pub(crate) after: SignedDuration,
}

/// Reads a file of one JSON object a line; empty lines and lines of `#` or `//` are left out.
pub(crate) fn lines(name: &str, reader: impl BufRead) -> Result<Vec<Line>, Failure> {
    let mut found = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let text = line.map_err(|error| Failure::file("read", name.as_ref(), &error))?;
        if let Some(line) = json_line(name, index + 1, &text)? {
            found.push(line);
        }
    }
    Ok(found)
}

/// Reads one line of such a file.
pub(crate) fn json_line(name: &str, number: usize, text: &str) -> Result<Option<Line>, Failure> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.starts_with('#') || text.starts_with("//") {
        return Ok(None);
    }
    let help = "each line is one event, such as {\"event\": \"form_submitted\", \"contact\": {\"email\": \"ana@example.com\"}}";
    let event = serde_json::from_str::<Object>(text).map_err(|error| {
        let at = if error.column() > 0 { format!(", column {}", error.column()) } else { String::new() };
        Failure::usage(format!("`{name}` line {number}{at}: this is not a JSON object"), help)
    })?;
    story_line(name, number, event).map(Some)
}

fn story_line(name: &str, number: usize, mut event: Object) -> Result<Line, Failure> {
    let after = match event.remove("after") {
        None => SignedDuration::ZERO,
        Some(after) => moment::duration(after.as_str().unwrap_or(&after.to_string()))
            .map_err(|why| Failure::usage(format!("`{name}` line {number}: `after`: {why}"), ""))?,
    };
    Ok(Line { number, event, after })
}

/// Opens a file of events; `-` is standard input.
pub(crate) fn open(path: &std::path::Path) -> Result<Box<dyn BufRead>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok(Box::new(std::io::BufReader::new(file)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_that_is_json_is_json() {
        for (text, value) in [
            ("a=1", json!(1)),
            ("a=true", json!(true)),
            ("a=signup", json!("signup")),
            ("a=\"1\"", json!("1")),
            ("a=", json!("")),
            ("a=x=y", json!("x=y")),
            ("a=2026-03-02", json!("2026-03-02")),
            ("a=[1]", json!([1])),
        ] {
            assert_eq!(assignment(text), Ok(("a".to_owned(), value)), "{text}");
        }
        assert!(assignment("nothing").is_err());
        assert!(assignment("=1").is_err());
    }

    #[test]
    fn identities_are_recognised() {
        assert_eq!(identity("ana@example.com"), json!({"email": "ana@example.com"}));
        assert_eq!(identity("+34 600 000 000"), json!({"phone": "+34 600 000 000"}));
        assert_eq!(identity("c-17"), json!("c-17"));
        assert_eq!(identity("+"), json!("+"));
    }

    #[test]
    fn paths_fill_objects() {
        let mut object = Object::new();
        put(&mut object, "contact", json!("c1"));
        put(&mut object, "contact.first_name", json!("Ana"));
        put(&mut object, "data.a.b", json!(1));
        assert_eq!(
            Value::Object(object),
            json!({"contact": {"id": "c1", "first_name": "Ana"}, "data": {"a": {"b": 1}}})
        );
    }

    #[test]
    fn a_story_says_when() {
        let text = "# a story\n\n{\"event\": \"a\"}\n{\"event\": \"b\", \"after\": \"2 days\"}\n";
        let lines = lines("events.jsonl", text.as_bytes()).expect("it can be read");
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[1].number, lines[1].after), (4, SignedDuration::from_hours(48)));
        assert_eq!(Value::Object(lines[1].event.clone()), json!({"event": "b"}));
    }

    #[test]
    fn a_broken_line_is_named() {
        let failure = lines("events.jsonl", "{}\n{\"a\": }\n".as_bytes()).expect_err("line 2 is broken");
        assert_eq!(failure.message, "`events.jsonl` line 2, column 7: this is not a JSON object");
    }
}
