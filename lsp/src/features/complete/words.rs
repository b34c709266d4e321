//! The language's own words: what each begins, and what it does.

/// A word that begins something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) label: &'static str,
    /// What is written, with places to fill in.
    pub(crate) snippet: &'static str,
    pub(crate) docs: &'static str,
}

const fn word(label: &'static str, snippet: &'static str, docs: &'static str) -> Word {
    Word { label, snippet, docs }
}

pub(crate) const DECLARATIONS: &[Word] = &[
    word(
        "workflow",
        "workflow ${1:name} \"${2:title}\" for ${3:contact} {\n  on ${4:event}\n\n  do $0\n}",
        "A sequence of steps that an event, a change or a time sets off.",
    ),
    word(
        "event",
        "event ${1:name} about ${2:contact} {\n  ${3:field}: ${4:text}\n}",
        "Something that happens, with typed fields.",
    ),
    word(
        "entity",
        "entity ${1:name} {\n  ${2:attribute}: ${3:text}\n}",
        "Something that has a state; another block of the same name adds attributes.",
    ),
    word(
        "template",
        "template ${1:name} email {\n  subject \"${2:subject}\"\n  markdown \"\"\"\n  $0\n  \"\"\"\n}",
        "A message that steps send by its name.",
    ),
    word("sender", "sender ${1:name} = \"${2:Acme <hello@acme.com>}\"", "Who sends mails."),
    word(
        "team",
        "team ${1:name} = [\"${2:ana@acme.com}\"]",
        "Colleagues who are notified, or take their turns.",
    ),
    word(
        "segment",
        "segment ${1:name} of ${2:contact} where $0",
        "A set of entities that is kept up to date.",
    ),
    word("policy", "policy {\n  $0\n}", "Rules above all workflows: quiet hours, caps, topics."),
    word(
        "source",
        "source ${1:name} {\n  path \"/in/${1:name}\"\n  $0\n}",
        "How a provider's webhook becomes events.",
    ),
    word(
        "action",
        "action ${1:name}(${2:text}: ${3:text}) {\n  post \"${4:https://}\"\n  $0\n}",
        "How a `do` becomes a request to a provider.",
    ),
    word(
        "test",
        "test \"${1:what it shows}\" {\n  $0\n}",
        "What must come of what, played on a virtual clock.",
    ),
];

pub(crate) const CLAUSES: &[Word] = &[
    word("on", "on ${1:event}", "What starts a run: an event, a change, a segment's edge or a date."),
    word(
        "every",
        "every ${1:monday} at ${2:09:00} for ${3:contact}",
        "Starts a run on a schedule; `every time` allows a run at each match.",
    ),
    word("once", "once", "At most one run for each subject, ever; `once per x` for each value of it."),
    word("exit when", "exit when $0", "Ends the run as soon as this holds, also in the middle of a wait."),
    word("exit on", "exit on ${1:event}", "Ends the run when this event comes."),
    word(
        "while running",
        "while running ${1|ignore,restart,queue,parallel|}",
        "What a second match for the same subject does.",
    ),
    word(
        "at most once per",
        "at most once per ${1:30 days}",
        "At most one run for each subject in any such length of time.",
    ),
    word(
        "goal",
        "goal ${1:event} within ${2:14 days}",
        "What the workflow is for: counted, and compared with who was held out.",
    ),
    word("holdout", "holdout ${1:10}%", "A share of the subjects that gets nothing, to compare with."),
    word(
        "send between",
        "send between ${1:09:00} and ${2:18:00}",
        "When messages of this workflow may go out.",
    ),
    word(
        "topic",
        "topic ${1:newsletter}",
        "What people agreed to or refused; `transactional` always goes out.",
    ),
    word("max age", "max age ${1:72 hours}", "An event that arrives later than this starts nothing."),
    word("draft", "draft", "The workflow is deployed and never live."),
];

pub(crate) const STEPS: &[Word] = &[
    word("do", "do $0", "Does something: an action of a provider, or what Onward keeps itself."),
    word(
        "wait",
        "wait ${1:2 days}",
        "Waits for a length of time. `1 day` is the same time tomorrow, `24h` is elapsed time.",
    ),
    word(
        "wait until",
        "wait until ${1:friday} at ${2:09:00}",
        "Waits until a moment on the subject's clock.",
    ),
    word(
        "wait for",
        "wait for ${1:event} up to ${2:3 days} {\n  $3\n} else {\n  $0\n}",
        "Waits for an event, at most so long.",
    ),
    word("if", "if ${1:condition} {\n  $0\n}", "Goes this way only if the condition holds."),
    word(
        "split",
        "split {\n  50% ${1:a} {\n    $2\n  }\n  50% ${3:b} {\n    $0\n  }\n}",
        "One of several ways, by a stable share of the subjects.",
    ),
    word(
        "repeat",
        "repeat up to ${1:3} times every ${2:2 days} until ${3:condition} {\n  $0\n}",
        "The same steps again, at most so often.",
    ),
    word("let", "let ${1:result} = do $0", "Keeps what an action gives for later steps."),
    word("stop", "stop", "The run ends here."),
];

pub(crate) const ACTS: &[Word] = &[
    word("set", "set ${1:contact}.${2:attribute} = ${3:value}", "Sets an attribute."),
    word("add tag", "add tag \"${1:tag}\"", "Adds a tag to the subject."),
    word("remove tag", "remove tag \"${1:tag}\"", "Takes a tag from the subject."),
    word(
        "assign",
        "assign ${1:account} owner from ${2:team} in turn",
        "Sets who looks after something: a person, or the next of a team.",
    ),
    word("create", "create ${1:entity} { $0 }", "Creates an entity."),
    word("update", "update ${1:entity} { $0 }", "Sets several attributes of an entity."),
    word("delete", "delete ${1:entity}", "Deletes an entity."),
    word("task", "task \"${1:title}\" due in ${2:1 day}", "Creates a task for a person."),
    word("note", "note \"${1:text}\"", "Writes a note."),
    word("emit", "emit ${1:event} { $0 }", "Records an event, which may start other workflows."),
    word("start", "start ${1:workflow}", "Starts another workflow for the same subject."),
    word("stop", "stop ${1:workflow}", "Ends the subject's runs of a workflow."),
    word("grant access to", "grant access to \"${1:course}\"", "Lets the subject use something."),
    word("revoke access to", "revoke access to \"${1:course}\"", "No longer lets the subject use something."),
    word("unsubscribe", "unsubscribe", "The subject gets no more messages; `from x` only of this topic."),
];

pub(crate) const ACTION_ITEMS: &[Word] = &[
    word("get", "get \"${1:https://}\"", "Asks by HTTP."),
    word("post", "post \"${1:https://}\"", "Sends by HTTP."),
    word("put", "put \"${1:https://}\"", "Replaces by HTTP."),
    word("patch", "patch \"${1:https://}\"", "Changes by HTTP."),
    word("delete", "delete \"${1:https://}\"", "Deletes by HTTP."),
    word("basic auth", "basic auth ${1:secret.USER} ${2:secret.PASSWORD}", "User name and password."),
    word("bearer auth", "bearer auth ${1:secret.TOKEN}", "A token."),
    word(
        "oauth client credentials",
        "oauth client credentials ${1:url} ${2:client} ${3:secret}",
        "A token that is fetched by OAuth.",
    ),
    word(
        "oauth refresh token",
        "oauth refresh token ${1:url} ${2:client} ${3:secret} ${4:token}",
        "A token that is fetched by OAuth with a refresh token.",
    ),
    word("header", "header \"${1:name}\" ${2:value}", "A header of the request."),
    word("form", "form { $0 }", "What is sent, as a form."),
    word("multipart", "multipart { $0 }", "What is sent, as a form of several parts."),
    word("json", "json { $0 }", "What is sent, as JSON."),
    word("body", "body ${1:text}", "What is sent, as text."),
    word("smtp", "smtp {\n  to: $1,\n  subject: $2,\n  text: $0,\n}", "Sends a mail."),
    word("sign", "sign ${1:secret.KEY}", "Signs the request as Standard Webhooks do."),
    word("expect", "expect ${1:2xx}", "Which statuses mean accepted."),
    word("result", "result { ${1:id}: body.${2:id} }", "What the answer gives to later steps."),
    word("retry on", "retry on 429, 5xx", "Which statuses mean try again."),
    word("when unsure", "when unsure ${1|park,retry|}", "What to do when nobody knows whether it arrived."),
    word("timeout", "timeout ${1:10s}", "How long to wait for an answer."),
    word("channel", "channel ${1:sms}", "By which channel it reaches people."),
];

pub(crate) const SOURCE_ITEMS: &[Word] = &[
    word("path", "path \"/in/${1:name}\"", "Where it listens."),
    word(
        "verify hmac",
        "verify hmac ${1:sha256} of body as ${2:hex} in header \"${3:X-Signature}\" with secret.${4:KEY}",
        "Proves who sent it, by a keyed hash.",
    ),
    word(
        "verify token",
        "verify token secret.${1:TOKEN} in query \"${2:token}\"",
        "Proves who sent it, by a token.",
    ),
    word(
        "verify basic auth",
        "verify basic auth secret.${1:USER} secret.${2:PASSWORD}",
        "Proves who sent it, by a password.",
    ),
    word(
        "verify bearer auth",
        "verify bearer auth secret.${1:TOKEN}",
        "Proves who sent it, by a bearer token.",
    ),
    word("id", "id ${1:body.id}", "The sender's own id, so that nothing counts twice."),
    word("time", "time ${1:body.time}", "When it happened."),
    word("when", "when ${1:condition} {\n  $0\n}", "Only if this holds."),
    word("for each", "for each ${1:item} in ${2:body.items} {\n  $0\n}", "The same for each of a list."),
    word("event", "event ${1:name} { $0 }", "An event happened."),
    word("answer", "answer ${1:value}", "What the sender is told."),
];

pub(crate) const POLICY_RULES: &[Word] = &[
    word("quiet hours", "quiet hours from ${1:21:00} to ${2:08:00}", "When nothing goes out."),
    word("at most", "at most ${1:3} ${2:messages} per ${3:7 days}", "How much goes out to one person."),
    word(
        "topic",
        "topic ${1:newsletter} opt ${2|in,out|} \"${3:title}\"",
        "What people can agree to or refuse.",
    ),
];

pub(crate) const TEST_LINES: &[Word] = &[
    word("at", "at ${1:2026-03-07} ${2:09:00}", "The clock goes to this moment."),
    word("after", "after ${1:1 day}", "The clock goes on."),
    word("events", "events \"${1:march.jsonl}\"", "A recorded stretch of events happens."),
    word("expect", "expect $0", "What must be so now."),
    word("expect no", "expect no $0", "What must not have happened."),
    word(
        "expect run of",
        "expect run of ${1:workflow} ${2|waiting,running,finished,exited,stopped,parked,held,queued,failed|}",
        "Where a run must be.",
    ),
    word("answer", "answer ${1:action} { $0 }", "What the provider gives from now on."),
    word("refuse", "refuse ${1:action}", "The provider says no from now on."),
    word("fail", "fail ${1:action}", "Each attempt fails from now on."),
    word("lose", "lose ${1:action}", "From now on nobody knows whether it arrived."),
    word("accept", "accept ${1:action}", "The provider accepts again."),
    word("approve", "approve ${1:action}", "The oldest held draft is sent."),
    word("discard", "discard ${1:action}", "The oldest held draft is given up."),
    word("delete", "delete ${1:name}", "An entity is deleted."),
];

pub(crate) const TEMPLATE_PARTS: &[Word] = &[
    word("subject", "subject \"$1\"", "The subject of the mail."),
    word("markdown", "markdown \"\"\"\n$0\n\"\"\"", "The message in Markdown."),
    word("html", "html \"\"\"\n$0\n\"\"\"", "The message in HTML."),
    word("text", "text \"$1\"", "The message as plain text."),
    word("from", "from \"${1:sender}\"", "Who sends it, if not the project's sender."),
    word("reply_to", "reply_to \"$1\"", "Where answers go."),
    word("preheader", "preheader \"$1\"", "What mail programs show beside the subject."),
];

pub(crate) const TASK_PARTS: &[Word] = &[
    word("due in", "due in ${1:1 day}", "When it is due, from now."),
    word("due", "due ${1:friday}", "When it is due."),
    word("remind", "remind ${1:10m} before", "When somebody is reminded."),
    word("for group", "for group ${1:team}", "Which team does it."),
    word("for", "for \"${1:ana@acme.com}\"", "Who does it."),
    word("type", "type ${1:call}", "Which sort of task."),
    word("notes", "notes \"$1\"", "What to know about it."),
];

/// What may follow an action's values.
pub(crate) const DO_PARTS: &[Word] = &[
    word("where", "where $0", "Only if this holds."),
    word("as draft", "as draft", "Prepared and held, until a person sends it."),
    word("on failure", "on failure ${1|continue,stop,park|}", "What a failure does."),
];

pub(crate) const TYPES: &[(&str, &str)] = &[
    ("text", "any text"),
    ("number", "an exact decimal number"),
    ("bool", "`true` or `false`"),
    ("date", "a day"),
    ("time", "a moment"),
    ("duration", "a length of time"),
    ("email", "an email address"),
    ("phone", "a phone number with the country's code"),
    ("url", "a web address"),
    ("timezone", "a time zone such as `Europe/Berlin`"),
    ("json", "anything"),
    ("list of", "a list"),
    ("ordered", "a graded set of texts: `ordered \"bad\" < \"good\"`"),
];

/// Units of time, in singular and plural.
pub(crate) const UNITS: &[(&str, &str, &str)] = &[
    ("second", "seconds", "elapsed time"),
    ("minute", "minutes", "elapsed time"),
    ("hour", "hours", "elapsed time"),
    ("day", "days", "the same time of day, on the subject's clock"),
    ("week", "weeks", "the same time of day, on the subject's clock"),
    ("month", "months", "the same day of the month, or its last"),
    ("year", "years", "the same date"),
];

pub(crate) const OPERATORS: &[(&str, &str)] = &[
    ("is set", "whether it has a value"),
    ("is missing", "whether it has no value"),
    ("in", "one of a list, or in a segment"),
    ("contains", "has this part or item"),
    ("starts with", "begins with this text"),
    ("ends with", "ends with this text"),
    ("matches", "looks like this pattern"),
    ("between", "from one value to another"),
    ("and", "both hold"),
    ("or", "one of both holds"),
];

pub(crate) const WEEKDAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(crate) const RUN_STATES: &[&str] =
    &["running", "waiting", "held", "parked", "queued", "finished", "exited", "stopped", "failed"];

/// `onward.toml`: tables, keys and what they are for.
pub(crate) const SETTINGS: &[(&str, &str, &str)] = &[
    ("project", "name", "What the project is called."),
    ("project", "timezone", "The clock of whoever has no zone of their own."),
    ("project", "sender", "Who sends mails, unless a template or a step says otherwise."),
    ("email", "host", "The server that sends mails."),
    ("email", "port", "Its port: 587 is usual."),
    ("email", "tls", "How the connection is protected: \"none\", \"starttls\" or \"implicit\"."),
    ("email", "username", "The secret that holds the user's name: \"secret.SMTP_USERNAME\"."),
    ("email", "password", "The secret that holds the password: \"secret.SMTP_PASSWORD\"."),
    ("sources", "use", "Which sources of the catalogue listen."),
    ("frequency", "", "About how often an event comes to one contact in thirty days."),
];

/// What a word of the language does.
pub(crate) fn explained(word: &str) -> Option<&'static str> {
    let tables = [
        DECLARATIONS,
        CLAUSES,
        STEPS,
        ACTS,
        ACTION_ITEMS,
        SOURCE_ITEMS,
        POLICY_RULES,
        TEST_LINES,
        TEMPLATE_PARTS,
        TASK_PARTS,
        DO_PARTS,
    ];
    let all = || tables.iter().flat_map(|it| it.iter());
    let exact = all().find(|it| it.label == word);
    let found = exact.or_else(|| all().find(|it| it.label.split(' ').next() == Some(word)));
    let operator =
        || OPERATORS.iter().find(|(it, _)| it.split(' ').next() == Some(word)).map(|(_, docs)| *docs);
    found.map(|it| it.docs).or_else(operator)
}

/// What a function answers.
pub(crate) fn function(name: &str) -> &'static str {
    match name {
        "count" => "How many such events there were.",
        "did" => "Whether there was such an event.",
        "sum" => "The sum of a field of such events.",
        "latest" => "The latest such event, of which a field can be named.",
        "opened" => "Whether the subject opened a mail of this template.",
        "clicked" => "Whether the subject followed a link in a mail of this template.",
        _ => "",
    }
}
