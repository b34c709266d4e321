//! Whatever the order in which messages come, every answer is the one that a server gives that
//! does one thing after the other; or it says that it was cancelled, or that the text has moved on.
//!
//! `ONWARD_FUZZ` says how many runs (100), `ONWARD_SEED` where to begin.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Response;

use crate::testing::{Editor, code, id};

/// A run may not take longer.
const LONGEST: Duration = Duration::from_secs(20);

const TEXTS: [&str; 4] = [
    "event a { x: text }\n",
    "workflow w {\n  on a\n  do note \"{{ contact.email }}\"\n}\n",
    "on form_submitted\nwiat 2 days\n",
    "template t sms { text \"Hi 😀\" }\n",
];
const PIECES: [&str; 8] = ["", "x", "{", "}", "\"", "\n", "😀", "do note \"y\""];
const METHODS: [&str; 6] = [
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/semanticTokens/full",
    "textDocument/formatting",
    "textDocument/documentLink",
    "textDocument/diagnostic",
];

/// Numbers from a seed (xorshift, 64 bit).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What was asked, and what the slow server has answered.
struct Asked {
    method: &'static str,
    answer: oneshot::Receiver<Response>,
    wanted: Value,
    cancelled: bool,
    id: i64,
}

struct Run {
    chance: Chance,
    /// Is told everything at once.
    quick: Editor,
    /// Is told one thing after the other, and nothing is taken back.
    slow: Editor,
    open: BTreeMap<String, i32>,
    asked: Vec<Asked>,
    opened: usize,
}

impl Run {
    fn both(&mut self, method: &'static str, params: Value) {
        self.quick.tell(method, params.clone());
        self.slow.tell(method, params);
        self.slow.settle();
    }

    fn some(&mut self) -> Option<String> {
        let all: Vec<&String> = self.open.keys().collect();
        if all.is_empty() { None } else { Some(all[self.chance.below(all.len())].clone()) }
    }

    fn step(&mut self) {
        match self.chance.below(10) {
            0 if self.open.len() < 3 => self.open(),
            1 => self.close(),
            2 => self.cancel(),
            3..=5 => self.change(),
            _ => self.ask(),
        }
    }

    fn open(&mut self) {
        self.opened += 1;
        let uri = format!("untitled:{}", self.opened);
        let text = self.chance.of(&TEXTS);
        self.open.insert(uri.clone(), 1);
        let document = json!({ "uri": uri, "languageId": "onward", "version": 1, "text": text });
        self.both("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn close(&mut self) {
        let Some(uri) = self.some() else { return };
        self.open.remove(&uri);
        self.both("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    fn change(&mut self) {
        let Some(uri) = self.some() else { return };
        let version = self.open.entry(uri.clone()).or_default();
        *version += 1;
        let document = json!({ "uri": uri, "version": version });
        let mut place = || json!({ "line": self.chance.below(5), "character": self.chance.below(12) });
        let (start, end) = (place(), place());
        let text = self.chance.of(&PIECES);
        let change = json!({ "range": { "start": start, "end": end }, "text": text });
        self.both("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }

    fn ask(&mut self) {
        let Some(uri) = self.some() else { return };
        let method = self.chance.of(&METHODS);
        let params = json!({
            "textDocument": { "uri": uri },
            "options": { "tabSize": 2, "insertSpaces": true },
        });
        let (id, answer) = self.quick.begin(method, params.clone());
        let wanted = self.slow.ask(method, params).expect("the slow server answers");
        self.asked.push(Asked { method, answer, wanted, cancelled: false, id });
    }

    fn cancel(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let at = self.chance.below(self.asked.len());
        self.asked[at].cancelled = true;
        let id = id(self.asked[at].id);
        self.quick.tell("$/cancelRequest", json!({ "id": id }));
    }

    fn end(&mut self, seed: u64) {
        for asked in std::mem::take(&mut self.asked) {
            let answer = self.quick.end(asked.answer);
            match code(&answer) {
                None => assert_eq!(answer, Ok(asked.wanted), "seed {seed}: {}", asked.method),
                Some(-32800) => assert!(asked.cancelled, "seed {seed}: nobody cancelled {}", asked.method),
                Some(-32801) => {}
                Some(_) => panic!("seed {seed}: {}: {answer:?}", asked.method),
            }
        }
        // At rest, nothing has moved on.
        for uri in self.open.keys().cloned().collect::<Vec<_>>() {
            let params = json!({ "textDocument": { "uri": uri } });
            let quick = self.quick.ask("textDocument/semanticTokens/full", params.clone());
            let slow = self.slow.ask("textDocument/semanticTokens/full", params);
            assert_eq!(quick, slow, "seed {seed}");
            self.both("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        }
        self.open.clear();
    }
}

#[test]
fn any_order_is_one_after_the_other() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
    };
    let (runs, first) = (number("ONWARD_FUZZ", 100), number("ONWARD_SEED", 1));
    let mut run = Run {
        chance: Chance(1),
        quick: Editor::new(&[]),
        slow: Editor::new(&[]),
        open: BTreeMap::new(),
        asked: Vec::new(),
        opened: 0,
    };
    for seed in first..first + runs {
        let begun = Instant::now();
        run.chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        run.open();
        for _ in 0..12 {
            run.step();
        }
        run.end(seed);
        assert!(begun.elapsed() < LONGEST, "seed {seed} took {:?}", begun.elapsed());
    }
}
