//! Diagnostics as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").
//!
//! It must not know how they look to people.

use std::collections::BTreeSet;
use std::fmt::Write;

use onward_bytecode::SourceFile;
use serde_json::{Value, json};

use super::place::Place;
use crate::diagnostic::{Diagnostic, Fix, Label, Severity, Span};

/// The diagnostics as one log with one run.
#[must_use]
pub fn sarif(diagnostics: &[Diagnostic], sources: &[SourceFile]) -> String {
    let codes: BTreeSet<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| json!({ "id": code, "help": { "text": format!("onward explain {code}") } }))
        .collect();
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(diagnostic, sources)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "onward",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(diagnostic: &Diagnostic, sources: &[SourceFile]) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let related = |label: &Label| {
        let mut location = location(label.span, sources);
        if let Some(members) = location.as_object_mut() {
            members.insert("message".to_owned(), json!({ "text": label.text }));
        }
        location
    };
    json!({
        "ruleId": diagnostic.code,
        "level": level,
        "message": { "text": text },
        "locations": [location(diagnostic.primary.span, sources)],
        "relatedLocations": diagnostic.secondary.iter().map(related).collect::<Vec<_>>(),
        "fixes": diagnostic.fixes.iter().map(|it| fix(it, sources)).collect::<Vec<_>>(),
    })
}

fn location(span: Span, sources: &[SourceFile]) -> Value {
    let place = Place::of(span, sources);
    json!({ "physicalLocation": { "artifactLocation": artifact(&place), "region": region(&place) } })
}

fn artifact(place: &Place) -> Value {
    json!({ "uri": uri(place.file) })
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

fn fix(fix: &Fix, sources: &[SourceFile]) -> Value {
    let files: BTreeSet<_> = fix.edits.iter().map(|edit| edit.span.file).collect();
    let changes = files.into_iter().map(|file| {
        let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
        let replacements: Vec<Value> = edits
            .map(|edit| {
                let place = Place::of(edit.span, sources);
                json!({ "deletedRegion": region(&place), "insertedContent": { "text": edit.text } })
            })
            .collect();
        let whole = Span { file, start: 0, end: 0 };
        json!({ "artifactLocation": artifact(&Place::of(whole, sources)), "replacements": replacements })
    });
    json!({ "description": { "text": fix.title }, "artifactChanges": changes.collect::<Vec<_>>() })
}

/// A relative path as a URI reference (RFC 3986): everything else is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            // Writing to a string does not fail.
            _ => write!(uri, "%{byte:02X}").unwrap_or_default(),
        }
    }
    uri
}
