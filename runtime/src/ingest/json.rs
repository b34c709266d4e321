//! Reads JSON (RFC 8259) from strangers.
//!
//! What makes a text no JSON ends the reading, with line and column. What is JSON but
//! cannot be kept faithfully (a name that comes twice, half of a character, a number
//! with more digits than can be counted with) is noted with its place, so that one bad
//! event does not spoil its batch. It must not know what the JSON means.

use serde_json::{Map, Number, Value as Json};

/// A value may have so many levels.
const LEVELS: usize = 32;

/// A value with what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    /// The value.
    pub(crate) value: Json,
    /// What cannot be kept as it came.
    pub(crate) faults: Vec<Fault>,
    /// How many bytes it was written with.
    pub(crate) size: usize,
}

/// Something that cannot be kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where: `data.items[3]`.
    pub(crate) path: String,
    /// What.
    pub(crate) trouble: Trouble,
}

/// What cannot be kept as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A text with the character U+0000.
    Nul,
    /// A text with one half of a surrogate pair.
    Surrogate,
    /// A number that would be changed by keeping it.
    Number,
    /// A name that its object has already.
    Twice,
    /// A value with too many levels.
    Deep,
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotJson {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// What is wrong there.
    pub(crate) problem: String,
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Document {
    /// One value.
    One(Parsed),
    /// The items of an array.
    Many(Vec<Parsed>),
}

/// Reads one value; of an array, each item apart. At most `limit` items.
pub(crate) fn document(bytes: &[u8]) -> Result<Document, NotJson> {
    let text = text(bytes)?;
    let mut reader = Reader::new(text);
    reader.document().map_err(|stop| not_json(text, stop))
}

/// Reads one value.
pub(crate) fn value(bytes: &[u8]) -> Result<Parsed, NotJson> {
    let text = text(bytes)?;
    let mut reader = Reader::new(text);
    let read = reader.item().and_then(|parsed| reader.end().map(|()| parsed));
    read.map_err(|stop| not_json(text, stop))
}

fn text(bytes: &[u8]) -> Result<&str, NotJson> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = String::from_utf8_lossy(valid);
        not_json(&before, Stop { at: before.len(), problem: "this is not UTF-8".to_owned() })
    })
}

fn not_json(text: &str, stop: Stop) -> NotJson {
    let before = text.get(..stop.at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    NotJson {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        problem: stop.problem,
    }
}

struct Stop {
    at: usize,
    problem: String,
}

/// A step on the way to a value.
enum Step {
    Name(String),
    Place(usize),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Vec<Step>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, path: Vec::new(), faults: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn stop<T>(&self, problem: impl Into<String>) -> Result<T, Stop> {
        Err(Stop { at: self.at, problem: problem.into() })
    }

    /// What stands here, for a sentence.
    fn here(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(c) if !c.is_control() => format!("`{c}`"),
            Some(_) => "a control character".to_owned(),
            None => "the end".to_owned(),
        }
    }

    fn expected<T>(&self, what: &str) -> Result<T, Stop> {
        self.stop(format!("expected {what}, got {}", self.here()))
    }

    fn fault(&mut self, trouble: Trouble) {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Name(name) if path.is_empty() => path.push_str(name),
                Step::Name(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Place(place) => path.push_str(&format!("[{place}]")),
            }
        }
        self.faults.push(Fault { path, trouble });
    }

    fn document(&mut self) -> Result<Document, Stop> {
        self.space();
        if self.peek() != Some(b'[') {
            let one = self.item()?;
            self.end()?;
            return Ok(Document::One(one));
        }
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if !self.next_is(b']') {
            loop {
                items.push(self.item()?);
                if self.next_is(b']') {
                    break;
                }
                if !self.next_is(b',') {
                    return self.expected("`,` or `]` after an item");
                }
            }
        }
        self.end()?;
        Ok(Document::Many(items))
    }

    /// A value with its own faults and the space around it.
    fn item(&mut self) -> Result<Parsed, Stop> {
        self.space();
        let start = self.at;
        let value = self.value()?;
        let size = self.at - start;
        self.space();
        Ok(Parsed { value, faults: std::mem::take(&mut self.faults), size })
    }

    fn end(&mut self) -> Result<(), Stop> {
        self.space();
        if self.at < self.text.len() { self.expected("nothing more after the value") } else { Ok(()) }
    }

    fn value(&mut self) -> Result<Json, Stop> {
        match self.peek() {
            Some(b'{' | b'[') if self.path.len() >= LEVELS => {
                self.fault(Trouble::Deep);
                self.skip()?;
                Ok(Json::Null)
            }
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.expected("a value"),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Stop> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(value)
        } else {
            self.expected("a value")
        }
    }

    /// Passes over a value that is too deep, without going down into it.
    fn skip(&mut self) -> Result<(), Stop> {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Some(b'{' | b'[') => open += 1,
                Some(b'}' | b']') => open -= 1,
                Some(b'"') => {
                    let faults = self.faults.len();
                    self.string()?;
                    self.faults.truncate(faults);
                    continue;
                }
                Some(_) => {}
                None => return self.expected("the end of a list or an object"),
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn object(&mut self) -> Result<Json, Stop> {
        self.at += 1;
        let mut members = Map::new();
        self.space();
        if self.next_is(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.expected("a name in quotes");
            }
            let name = self.string()?;
            self.space();
            if !self.next_is(b':') {
                return self.expected("`:` after a name");
            }
            self.space();
            self.path.push(Step::Name(name.clone()));
            if members.contains_key(&name) {
                self.fault(Trouble::Twice);
            }
            let value = self.value()?;
            self.path.pop();
            members.insert(name, value);
            self.space();
            if self.next_is(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.next_is(b',') {
                return self.expected("`,` or `}` after a member");
            }
        }
    }

    fn array(&mut self) -> Result<Json, Stop> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.next_is(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            self.path.push(Step::Place(items.len()));
            let value = self.value()?;
            self.path.pop();
            items.push(value);
            self.space();
            if self.next_is(b']') {
                return Ok(Json::Array(items));
            }
            if !self.next_is(b',') {
                return self.expected("`,` or `]` after an item");
            }
        }
    }

    fn string(&mut self) -> Result<String, Stop> {
        let start = self.at;
        self.at += 1;
        let mut string = String::new();
        loop {
            let from = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            string.push_str(self.text.get(from..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => self.escape(&mut string)?,
                Some(b'\n' | b'\r') | None => {
                    return Err(Stop { at: start, problem: "this text has no closing `\"`".to_owned() });
                }
                Some(_) => {
                    return self.stop("a control character in a text has to be escaped, such as `\\t`");
                }
            }
        }
    }

    fn escape(&mut self, string: &mut String) -> Result<(), Stop> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let c = self.unicode()?;
                string.push(c);
                return Ok(());
            }
            _ => return self.expected("an escape such as `\\n` or `\\u00e9`"),
        };
        self.at += 1;
        string.push(c);
        Ok(())
    }

    /// The character of `\uXXXX` or of a surrogate pair; this stands at the `u`.
    fn unicode(&mut self) -> Result<char, Stop> {
        self.at += 1;
        let first = self.hex()?;
        if first == 0 {
            self.fault(Trouble::Nul);
        }
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        let back = self.at;
        if (0xd800..0xdc00).contains(&first) && self.next_is(b'\\') && self.next_is(b'u') {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = back;
        self.fault(Trouble::Surrogate);
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Stop> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.expected("four hexadecimal digits"),
        }
    }

    fn digits(&mut self) -> Result<(), Stop> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.expected("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, Stop> {
        let start = self.at;
        self.next_is(b'-');
        if !self.next_is(b'0') {
            self.digits()?;
        } else if matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.stop("a number does not start with `0`");
        }
        if self.next_is(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            let _ = self.next_is(b'+') || self.next_is(b'-');
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(match kept(text) {
            Some(number) => Json::Number(number),
            None => {
                self.fault(Trouble::Number);
                Json::Null
            }
        })
    }
}

/// The number, if keeping it does not change it.
fn kept(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Number::from(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(Number::from(whole));
    }
    let float: f64 = text.parse().ok()?;
    let same = float.is_finite() && significant(text) == significant(&format!("{float:e}"));
    if same { Number::from_f64(float) } else { None }
}

/// Digits without zeros around them, and the power of ten of the last one.
fn significant(text: &str) -> Option<(String, i64)> {
    let text = text.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.trim_start_matches('+').parse().ok()?;
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Some((String::new(), 0));
    }
    let dropped = i64::try_from(digits.len() - short.len()).ok()?;
    let places = i64::try_from(fraction.len()).ok()?;
    Some((short.to_owned(), exponent.checked_sub(places)?.checked_add(dropped)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Json {
        let parsed = value(text.as_bytes()).unwrap();
        assert_eq!(parsed.faults, [], "{text}");
        parsed.value
    }

    fn problem(text: &str) -> String {
        let error = document(text.as_bytes()).unwrap_err();
        format!("{}:{} {}", error.line, error.column, error.problem)
    }

    fn trouble(text: &str) -> Vec<(String, Trouble)> {
        value(text.as_bytes()).unwrap().faults.into_iter().map(|fault| (fault.path, fault.trouble)).collect()
    }

    #[test]
    fn reads_what_others_read() {
        for text in [
            r#"{"a": [1, -2.5, 1e3, true, false, null, "x\n\u00e9\ud83d\ude00"], "b": {}, "c": []}"#,
            "0",
            "-0.0",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "5e-324",
            "1.7976931348623157e308",
            "1.50",
            "100000000000000000000",
        ] {
            assert_eq!(read(text), serde_json::from_str::<Json>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        assert_eq!(problem("{\n  \"a\": 1,\n  b: 2}"), "3:3 expected a name in quotes, got `b`");
        assert_eq!(problem(r#"{"é": tru}"#), "1:7 expected a value, got `t`");
        assert_eq!(problem(r#"[1 2]"#), "1:4 expected `,` or `]` after an item, got `2`");
        assert_eq!(problem(r#"{"a": 1"#), "1:8 expected `,` or `}` after a member, got the end");
        assert_eq!(problem(r#"{"a": "x"#), "1:7 this text has no closing `\"`");
        assert_eq!(problem("[01]"), "1:3 a number does not start with `0`");
        assert_eq!(problem("1 2"), "1:3 expected nothing more after the value, got `2`");
        assert_eq!(problem(""), "1:1 expected a value, got the end");
        assert_eq!(problem("\"a\tb\""), "1:3 a control character in a text has to be escaped, such as `\\t`");
        assert_eq!(problem(r#""\x""#), "1:3 expected an escape such as `\\n` or `\\u00e9`, got `x`");
        for text in ["nul", "[1,]", "{,}", "{\"a\"}", "-", "1.", "1e", "\"\\u12\"", "'a'", "NaN", "[\u{a0}1]"]
        {
            assert!(document(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_pointed_at() {
        let error = document(b"{\n \"a\": \"\xff\"}").unwrap_err();
        assert_eq!((error.line, error.column, error.problem.as_str()), (2, 8, "this is not UTF-8"));
    }

    #[test]
    fn what_cannot_be_kept_is_noted_with_its_place() {
        let at = |path: &str, trouble| vec![(path.to_owned(), trouble)];
        assert_eq!(trouble(r#"{"a": {"b": "x\u0000"}}"#), at("a.b", Trouble::Nul));
        assert_eq!(trouble(r#"{"a": ["x", "\ud800"]}"#), at("a[1]", Trouble::Surrogate));
        assert_eq!(trouble(r#"{"a": "\ud800\u0041"}"#), at("a", Trouble::Surrogate));
        assert_eq!(trouble(r#"{"a": 1, "a": 2}"#), at("a", Trouble::Twice));
        assert_eq!(trouble(r#"{"a": 1e400}"#), at("a", Trouble::Number));
        assert_eq!(trouble(r#"{"a": 1e-400}"#), at("a", Trouble::Number));
        assert_eq!(trouble(r#"{"a": 123456789012345678901234567}"#), at("a", Trouble::Number));
        assert_eq!(trouble(r#"{"a": 0.1234567890123456789}"#), at("a", Trouble::Number));
        assert_eq!(trouble(r#"{"a": 1e99999999999999999999}"#), at("a", Trouble::Number));
    }

    #[test]
    fn depth_is_limited_without_recursion() {
        let deep = format!("{}1{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
        assert_eq!(value(deep.as_bytes()).unwrap().faults, []);
        let deeper = format!("[{}\"]\"{}]", "[".repeat(500_000), "]".repeat(500_000));
        let Document::Many(items) = document(deeper.as_bytes()).unwrap() else { panic!("an array") };
        assert_eq!(items[0].faults[0].trouble, Trouble::Deep);
        assert!(document("[".repeat(500_000).as_bytes()).is_err());
    }

    #[test]
    fn items_keep_their_own_faults_and_sizes() {
        let Document::Many(items) = document(br#" [ {"a":1} , {"a":1,"a":2},3 ] "#).unwrap() else {
            panic!("an array")
        };
        assert_eq!(items.iter().map(|item| item.size).collect::<Vec<_>>(), [7, 13, 1]);
        assert_eq!(items.iter().map(|item| item.faults.len()).collect::<Vec<_>>(), [0, 1, 0]);
        assert_eq!(items[2].value, json!(3));
    }
}
