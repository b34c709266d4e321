//! Programs as people read them: declarations, then each function word by word,
//! with names, resume points and the lines that the words come from. A program
//! that would not verify can be listed too.

use std::fmt::Write;

use crate::{
    Artifact, Ask, Constant, Debug, Function, HistoryRef, Instruction, Kind, Live, Op, Pipe, Program,
    ResumePoint, SiteKind, Span, WorkflowDecl,
};

/// Adds a line. Writing to a text cannot fail.
macro_rules! say {
    ($out:expr, $($part:tt)*) => {{
        let _ = writeln!($out, $($part)*);
    }};
}

mod declared;

use declared::{declarations, tables};

/// A listing of the program. Its form may change from version to version.
#[must_use]
pub fn disassemble(artifact: &Artifact) -> String {
    let Artifact { program, debug } = artifact;
    let mut out = String::new();
    declarations(&mut out, program);
    for workflow in &program.workflows {
        tables(&mut out, program, workflow);
    }
    for (id, function) in program.functions.iter().enumerate() {
        let workflow = program.workflows.iter().find(|workflow| workflow.body.0 as usize == id);
        let spans = Lines { debug, function: id };
        code(&mut out, &Listed { program, id, function, workflow }, &spans);
    }
    out
}

fn lives(live: &[Live]) -> String {
    let live: Vec<String> = live.iter().map(|l| format!("r{} {}: {}", l.register, l.name, l.ty)).collect();
    if live.is_empty() { "nothing".to_owned() } else { live.join(", ") }
}

fn name_of(program: &Program, id: u32) -> String {
    match program.functions.get(id as usize) {
        Some(function) => format!("f{id} `{}`", function.name),
        None => format!("f{id}"),
    }
}

/// A function that is listed.
struct Listed<'a> {
    program: &'a Program,
    id: usize,
    function: &'a Function,
    workflow: Option<&'a WorkflowDecl>,
}

fn code(out: &mut String, listed: &Listed<'_>, lines: &Lines<'_>) {
    let function = listed.function;
    let params: Vec<&str> = function.params.iter().map(|kind| kind.name()).collect();
    let result = function.result.map_or("nothing", Kind::name);
    say!(
        out,
        "\nf{} `{}` ({}) gives {result}, {} registers",
        listed.id,
        function.name,
        params.join(", "),
        function.registers
    );
    let mut last = None;
    for (pc, word) in function.code.iter().enumerate() {
        listed.marks(pc).into_iter().for_each(|mark| say!(out, "  {mark}:"));
        let source = lines.at(pc);
        let shown = source.clone().filter(|source| last.as_ref() != Some(source));
        let text = listed.word(pc, *word);
        match shown {
            Some(source) => say!(out, "  {pc:04}  {text:<48}  ; {source}"),
            None => say!(out, "  {pc:04}  {text}"),
        }
        last = source;
    }
}

impl Listed<'_> {
    /// What begins at a word of a workflow's body.
    fn marks(&self, pc: usize) -> Vec<String> {
        let Some(workflow) = self.workflow else { return Vec::new() };
        let here = |at: u32| at as usize == pc;
        let entries = workflow.triggers.iter().map(|trigger| trigger.entry).chain(workflow.entry);
        let entries = entries.filter(|entry| here(*entry)).map(|_| "entry".to_owned());
        let points =
            workflow.points.iter().filter(|point| here(point.pc)).map(|point| format!("`{}`", point.name));
        let others = workflow.waits.iter().filter(|wait| here(wait.otherwise));
        let others = others.map(|wait| format!("`{}` in vain", self.point_name(workflow, wait.point)));
        let mut marks: Vec<String> = entries.chain(points).chain(others).collect();
        marks.dedup();
        marks
    }

    fn point_name<'w>(&self, workflow: &'w WorkflowDecl, place: u16) -> &'w str {
        workflow.points.get(usize::from(place)).map_or("?", |point: &ResumePoint| &point.name)
    }

    fn word(&self, pc: usize, word: Instruction) -> String {
        let Some(op) = word.op() else { return format!("?         {:#010x}", word.0) };
        let (a, b, c) = (word.a(), word.b(), word.c());
        let operands = match op {
            Op::Const => format!("r{a} = {}", self.constant(word.k())),
            Op::Missing => format!("r{a} = missing {}", Kind::from_byte(b).map_or("?", Kind::name)),
            Op::Subject | Op::Contact | Op::Event | Op::Now | Op::Today => format!("r{a}"),
            Op::Field | Op::Secret => format!("r{a} = {}", self.name(word.k())),
            Op::Moved => {
                format!("r{a} = {} {}", if b == 0 { "before" } else { "after" }, self.name(c.into()))
            }
            Op::Attr | Op::Member | Op::Convert | Op::Grade => format!("r{a} = r{b} {}", self.name(c.into())),
            Op::Copy
            | Op::Not
            | Op::IsSet
            | Op::Neg
            | Op::NextClock
            | Op::StartOf
            | Op::Text
            | Op::Escape => format!("r{a} = r{b}"),
            Op::NextWeekday => format!("r{a} = day {b} at r{c}"),
            Op::Pipe => self.pipe(word),
            Op::Join | Op::List => format!("r{a} = {}", row(b, c.into())),
            Op::Object => format!("r{a} = {}", row(b, 2 * usize::from(c))),
            Op::Each => format!("r{a} = r{b} {}", self.block(c)),
            Op::History => format!("r{a} = r{b} {}", self.question(c)),
            Op::Split => self.asked(op, word),
            Op::Jump => format!("→ {:04}", pc + 1 + usize::from(word.k())),
            Op::JumpIf | Op::JumpIfNot => format!("r{a} → {:04}", pc + 1 + usize::from(word.k())),
            Op::Return => format!("r{a}"),
            Op::Do | Op::Skip | Op::Took | Op::Wait | Op::WaitFor | Op::WaitEvent => self.asked(op, word),
            Op::End => if a == 0 { "done" } else { "stopped" }.to_owned(),
            _ => format!("r{a} = r{b}, r{c}"),
        };
        format!("{:<11} {operands}", op.name())
    }

    fn constant(&self, place: u16) -> String {
        match self.function.constants.get(usize::from(place)) {
            Some(Constant::Text(text)) => format!("{text:?}"),
            Some(Constant::Bool(v)) => v.to_string(),
            Some(Constant::Number(v)) => v.to_string(),
            Some(Constant::Date(v)) => v.to_string(),
            Some(Constant::Time(v)) => v.to_string(),
            Some(Constant::Clock(v)) => v.to_string(),
            Some(Constant::Duration(v)) => v.to_string(),
            None => "?".to_owned(),
        }
    }

    fn name(&self, place: u16) -> String {
        match self.function.names.get(usize::from(place)) {
            Some(name) if name.name.is_empty() => format!("as {}", name.ty),
            Some(name) => format!("{}: {}", name.name, name.ty),
            None => "?".to_owned(),
        }
    }

    fn pipe(&self, word: Instruction) -> String {
        let (a, first) = (word.a(), word.c());
        match Pipe::from_byte(word.b()) {
            Some(pipe) => format!("r{a} = {} {}", row(first, 1 + pipe.signature().args.len()), pipe.name()),
            None => format!("r{a} = r{first} ?"),
        }
    }

    fn block(&self, place: u8) -> String {
        match self.function.blocks.get(usize::from(place)) {
            Some(id) => name_of(self.program, id.0),
            None => "?".to_owned(),
        }
    }

    fn question(&self, place: u8) -> String {
        match self.function.histories.get(usize::from(place)) {
            Some(history) => question(self.program, history),
            None => "?".to_owned(),
        }
    }

    fn asked(&self, op: Op, word: Instruction) -> String {
        let (a, place) = (word.a(), usize::from(word.k()));
        let Some(workflow) = self.workflow else { return format!("r{a}, {place}") };
        let site = workflow.sites.get(place);
        let name = site.map_or("?", |site| &site.name);
        match op {
            Op::Do => match site.map(|site| &site.kind) {
                Some(SiteKind::Effect { point, .. } | SiteKind::Turn { point, .. }) => {
                    format!("`{name}` from r{a}, rests at `{}`", self.point_name(workflow, *point))
                }
                _ => format!("`{name}` from r{a}"),
            },
            Op::Skip => format!("`{name}`"),
            Op::Took => format!("`{name}` r{a}"),
            Op::Split => format!("r{a} = `{name}`"),
            Op::WaitEvent => match workflow.waits.get(place) {
                Some(wait) => {
                    format!("{} up to r{a}, rests at `{}`", wait.event, self.point_name(workflow, wait.point))
                }
                None => "?".to_owned(),
            },
            _ => format!("r{a}, rests at `{}`", self.point_name(workflow, word.k())),
        }
    }
}

/// A question about the past: `count of purchase in the last P7D where f3 `count``.
fn question(program: &Program, history: &HistoryRef) -> String {
    let ask = match &history.ask {
        Ask::Count => "count".to_owned(),
        Ask::Did => "did".to_owned(),
        Ask::Sum(field) => format!("sum {}", field.name),
        Ask::Latest(field) => format!("latest {}: {}", field.name, field.ty),
    };
    let span = match history.span {
        Span::Ever => String::new(),
        Span::Last(length) => format!(" in the last {length}"),
        Span::Run => " in this run".to_owned(),
    };
    let condition = history.condition.map(|id| format!(" where {}", name_of(program, id.0)));
    format!("{ask} of {}{span}{}", history.event, condition.unwrap_or_default())
}

/// `r3…r5`.
fn row(first: u8, count: usize) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => format!("r{first}"),
        count => format!("r{first}…r{}", usize::from(first) + count - 1),
    }
}

/// Where words come from.
struct Lines<'a> {
    debug: &'a Debug,
    function: usize,
}

impl Lines<'_> {
    /// `welcome.onward:3: do email welcome`.
    fn at(&self, pc: usize) -> Option<String> {
        let spans = self.debug.spans.get(self.function)?;
        let next = spans.partition_point(|span| span.pc as usize <= pc);
        let span = spans.get(next.checked_sub(1)?)?;
        let source = self.debug.sources.get(span.file as usize)?;
        let start = span.start as usize;
        let before = source.text.get(..start)?;
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let line = source.text.get(begin..)?.lines().next().unwrap_or_default();
        Some(format!("{}:{}: {}", source.path, before.matches('\n').count() + 1, line.trim()))
    }
}
