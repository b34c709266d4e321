//! The proof that a program is safe to run: every place that something names is
//! there, every register holds what its reader expects, and all code ends. It
//! must not run anything.

mod code;
mod declarations;
mod rules;
mod source;
#[cfg(test)]
mod tests;
mod trigger;
mod watched;
mod workflow;

use std::collections::BTreeSet;

use crate::{
    ActionDecl, ArtifactError, Ask, Auth, Body, Constant, Debug, Function, FunctionId, HistoryRef, Kind,
    OAuth, Program, Scalar, Transport, Type, WorkflowDecl,
};
use code::Role;
use declarations::Known;

/// Calls of calls go at most this deep.
const MAX_DEPTH: usize = 16;

/// What is wrong is somewhere.
#[derive(Debug, Clone)]
struct Place {
    what: String,
    word: Option<usize>,
}

impl Place {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), word: None }
    }

    fn function(id: usize, function: &Function) -> Self {
        Self::new(format!("function {id} (`{}`)", function.name))
    }

    fn unsound(&self, problem: impl Into<String>) -> ArtifactError {
        let place = match self.word {
            Some(word) => format!("{}, word {word}", self.what),
            None => self.what.clone(),
        };
        ArtifactError::Unsound { place, problem: problem.into() }
    }

    /// Nothing if it holds.
    fn ensure(&self, holds: bool, problem: &str) -> Result<(), ArtifactError> {
        if holds { Ok(()) } else { Err(self.unsound(problem)) }
    }

    /// Names that are all different.
    fn unique<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, ArtifactError> {
        let mut seen = BTreeSet::new();
        for name in names {
            self.ensure(!name.is_empty(), "a name is empty")?;
            if !seen.insert(name) {
                return Err(self.unsound(format!("`{name}` is there twice")));
            }
        }
        Ok(seen)
    }
}

/// Who runs a function. Blocks belong to whoever runs their callers.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    /// Some workflow, segment or policy: a condition, a body.
    workflow: bool,
    /// The dispatcher, to make a request, or whoever proves who sent one to a source.
    request: bool,
    /// The dispatcher, to read an answer, or whoever reads what a request to a source says.
    answer: bool,
}

impl Uses {
    /// What a request is made of is not stored, and a source proves who sent one; everything else
    /// is stored, or decides what is.
    fn may_read_secrets(self) -> bool {
        !self.workflow && !self.answer
    }

    /// The dispatcher has an intent's arguments and a source its request, and no entities.
    fn may_read_entities(self) -> bool {
        !self.request && !self.answer
    }

    fn and(self, other: Self) -> Self {
        Self {
            workflow: self.workflow || other.workflow,
            request: self.request || other.request,
            answer: self.answer || other.answer,
        }
    }
}

const WORKFLOW: Uses = Uses { workflow: true, request: false, answer: false };
const REQUEST: Uses = Uses { workflow: false, request: true, answer: false };
const ANSWER: Uses = Uses { workflow: false, request: false, answer: true };

/// Proves a program.
pub(crate) fn program(program: &Program) -> Result<(), ArtifactError> {
    let known = declarations::check(program)?;
    watched::check(&known)?;
    program.sources.iter().try_for_each(|decl| source::check(&known, decl))?;
    tables(&known)?;
    for decl in &program.workflows {
        workflow::check(&known, decl)?;
    }
    let bodies = bodies(program)?;
    let uses = uses(program);
    for (id, (function, body)) in program.functions.iter().zip(bodies).enumerate() {
        let place = Place::function(id, function);
        let role = match (body, function.result) {
            (Some(workflow), None) => Role::Body(workflow),
            (None, Some(kind)) => Role::Value(kind),
            (Some(_), Some(_)) => return Err(place.unsound("the body of a workflow gives no value")),
            (None, None) => return Err(place.unsound("it gives no value and is no workflow's body")),
        };
        code::function(program, id, function, role, uses.get(id).copied().unwrap_or_default())?;
    }
    Ok(())
}

/// Proves that a debug section speaks about this program.
pub(crate) fn debug(program: &Program, debug: &Debug) -> Result<(), ArtifactError> {
    let place = Place::new("the debug section");
    place.ensure(
        debug.spans.len() <= program.functions.len(),
        "it speaks about functions that are not there",
    )?;
    for spans in &debug.spans {
        place.ensure(spans.is_sorted_by(|a, b| a.pc < b.pc), "its words are not in order")?;
        for span in spans {
            let text = debug.sources.get(span.file as usize).map(|source| &*source.text);
            let part = text.and_then(|text| text.get(span.start as usize..span.end as usize));
            place.ensure(part.is_some(), "it points at text that is not there")?;
        }
    }
    Ok(())
}

/// Proves the tables of all functions, and that calls end.
fn tables(known: &Known<'_>) -> Result<(), ArtifactError> {
    let mut depths: Vec<usize> = Vec::with_capacity(known.program.functions.len());
    for (id, function) in known.program.functions.iter().enumerate() {
        let place = Place::function(id, function);
        place.ensure(function.registers <= 256, "it has more than 256 registers")?;
        place.ensure(
            function.params.len() <= usize::from(function.registers),
            "it has fewer registers than parameters",
        )?;
        for name in &function.names {
            declarations::type_is_sane(known, &name.ty, &place)?;
        }
        let mut depth = 0;
        for callee in function.callees() {
            let below = depths.get(callee.0 as usize);
            depth = depth
                .max(1 + below.ok_or_else(|| place.unsound("it calls a function that is not before it"))?);
        }
        for history in &function.histories {
            question(known, history, &place)?;
        }
        place.ensure(depth <= MAX_DEPTH, "its loops are nested too deeply")?;
        depths.push(depth);
    }
    Ok(())
}

/// A question about the past is about a declared event, and its answer has a sane type.
fn question(known: &Known<'_>, history: &HistoryRef, place: &Place) -> Result<(), ArtifactError> {
    place.ensure(
        known.events.contains_key(&*history.event),
        "it asks about a past event that is not declared",
    )?;
    match &history.ask {
        Ask::Count | Ask::Did => {}
        Ask::Sum(field) => {
            place.ensure(field.ty == Type::One(Scalar::Number), "it sums what is no number")?;
        }
        Ask::Latest(field) => declarations::type_is_sane(known, &field.ty, place)?,
    }
    let Some(condition) = history.condition else { return Ok(()) };
    let params = known.program.functions.get(condition.0 as usize).map_or(&[][..], |it| &it.params);
    signature(known.program, condition, params, Some(Kind::Bool), place).map(|_| ())
}

/// The workflow whose body each function is.
fn bodies(program: &Program) -> Result<Vec<Option<&WorkflowDecl>>, ArtifactError> {
    let mut bodies = vec![None; program.functions.len()];
    for workflow in &program.workflows {
        let place = Place::new(format!("workflow `{}`", workflow.name));
        match bodies.get_mut(workflow.body.0 as usize) {
            Some(slot @ None) => *slot = Some(workflow),
            Some(Some(_)) => return Err(place.unsound("its body is another workflow's")),
            None => return Err(place.unsound("it has no body")),
        }
    }
    Ok(bodies)
}

/// Who runs each function.
fn uses(program: &Program) -> Vec<Uses> {
    let mut uses = vec![Uses::default(); program.functions.len()];
    let mut mark = |id: FunctionId, by: Uses| {
        if let Some(slot) = uses.get_mut(id.0 as usize) {
            *slot = slot.and(by);
        }
    };
    for workflow in &program.workflows {
        workflow::functions(workflow).into_iter().for_each(|id| mark(id, WORKFLOW));
    }
    watched::functions(program).into_iter().for_each(|id| mark(id, WORKFLOW));
    for action in &program.actions {
        request_functions(action).into_iter().for_each(|(id, _)| mark(id, REQUEST));
        answer_functions(action).into_iter().for_each(|(id, _)| mark(id, ANSWER));
    }
    for source in &program.sources {
        for value in source::functions(source) {
            let by = match value.part {
                source::Part::Proof => REQUEST,
                source::Part::Said => ANSWER,
            };
            mark(value.function, by);
        }
    }
    // What a function calls stands before it, so its own uses are complete when it is seen.
    for (id, function) in program.functions.iter().enumerate().rev() {
        let by = uses.get(id).copied().unwrap_or_default();
        for callee in function.callees() {
            if let Some(slot) = uses.get_mut(callee.0 as usize) {
                *slot = slot.and(by);
            }
        }
    }
    uses
}

/// The functions that make an action's request; `None` may give any kind.
fn request_functions(action: &ActionDecl) -> Vec<(FunctionId, Option<Kind>)> {
    let text = |id: &FunctionId| (*id, Some(Kind::Text));
    match &action.transport {
        Transport::Http { url, auth, headers, body, sign, .. } => {
            let mut all = vec![text(url)];
            match auth {
                Some(Auth::Basic(user, password)) => all.extend([text(user), text(password)]),
                Some(Auth::Bearer(token)) => all.push(text(token)),
                Some(Auth::OAuth(OAuth { url, client, secret, refresh, scope })) => {
                    all.extend([url, client, secret].map(text));
                    all.extend(refresh.iter().chain(scope).map(text));
                }
                None => {}
            }
            all.extend(headers.iter().map(|(_, value)| text(value)));
            all.extend(sign.iter().map(text));
            match body {
                Body::Empty => {}
                Body::Form(pairs) | Body::Multipart(pairs) => {
                    all.extend(pairs.iter().map(|(_, value)| text(value)))
                }
                Body::Json(json) => all.push((*json, None)),
                Body::Text(body) => all.push(text(body)),
            }
            all
        }
        Transport::Smtp { to, from, subject, text: plain, html, reply_to } => {
            let mut all = vec![(*to, Some(Kind::List))];
            all.extend([from, subject, plain, html].map(text));
            all.extend(reply_to.iter().map(text));
            all
        }
    }
}

/// The functions that read an answer, and what they give.
fn answer_functions(action: &ActionDecl) -> Vec<(FunctionId, Kind)> {
    let mut all: Vec<_> = action.result.iter().map(|(field, id)| (*id, field.ty.kind())).collect();
    if let Transport::Http { proof: Some(proof), .. } = action.transport {
        all.push((proof, Kind::Bool));
    }
    all
}

/// A function that must be there, with these parameters and this kind of result (`None` is any).
fn signature<'p>(
    program: &'p Program,
    id: FunctionId,
    params: &[Kind],
    result: Option<Kind>,
    place: &Place,
) -> Result<&'p Function, ArtifactError> {
    let Some(function) = program.functions.get(id.0 as usize) else {
        return Err(place.unsound(format!("there is no function {}", id.0)));
    };
    let name = &function.name;
    if function.params != params {
        return Err(place.unsound(format!("`{name}` takes other arguments")));
    }
    match (function.result, result) {
        (Some(kind), Some(wanted)) if kind == wanted => Ok(function),
        (Some(_), None) => Ok(function),
        _ => Err(place.unsound(format!("`{name}` gives something else"))),
    }
}

impl Constant {
    /// The kind of register that holds it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Date(_) => Kind::Date,
            Self::Time(_) => Kind::Time,
            Self::Clock(_) => Kind::Clock,
            Self::Duration(_) => Kind::Duration,
        }
    }
}
