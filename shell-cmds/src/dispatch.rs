//! From a line to a command that runs, or to a message that says why it cannot.

use crate::{
    Command, Failed, Run, Status,
    context::Context,
    help::{self, Line},
    line::{TooLong, with_words},
    nearest,
    system::time,
    text::{fail, hint},
};
use embedded_cli::{
    arguments::{Arg, ArgList},
    command::RawCommand,
    service::{FromRaw, ParseError},
};

/// Runs the command in `line`. All it has to say, errors too, it has written to the console.
/// An empty line does nothing, successfully.
pub fn execute(line: &str, ctx: &mut Context<'_>) -> Status {
    let mut status = Ok(());
    let split = with_words(line, &mut |raw| {
        status = match shift(&raw) {
            Some(measured) if raw.name() == "time" => time::measure(ctx, |ctx| run(measured, ctx)),
            _ => run(raw, ctx),
        };
    });
    match split {
        Ok(()) => status,
        Err(TooLong) => Err(fail!(ctx, "line", "too long")),
    }
}

fn run(raw: RawCommand<'_>, ctx: &mut Context<'_>) -> Status {
    if let Some(topic) = help_topic(&raw) {
        return show_help(topic, ctx);
    }
    if lacks_value(&raw, ctx) {
        return Err(Failed);
    }
    match refuse_excess(&raw).and_then(|()| Command::parse(raw.clone())) {
        Ok(command) => command.run(ctx),
        Err(error) => Err(explain(raw, &error, ctx)),
    }
}

/// The command line that follows the first word, if a command follows it.
pub fn shift<'a>(raw: &RawCommand<'a>) -> Option<RawCommand<'a>> {
    let mut args = raw.args().args();
    match args.next() {
        Some(Ok(Arg::Value(name))) => Some(RawCommand::new(name, args.into_args())),
        _ => None,
    }
}

/// `name` without arguments. (embedded-cli lets nobody make an empty list: it is the end of another one.)
fn bare<'a>(name: &'a str, args: ArgList<'a>) -> RawCommand<'a> {
    let mut args = args.args();
    while args.next().is_some() {}
    RawCommand::new(name, args.into_args())
}

/// What help is asked for.
enum Topic<'a> {
    All,
    Command(RawCommand<'a>),
}

fn help_topic<'a>(raw: &RawCommand<'a>) -> Option<Topic<'a>> {
    let asks = |arg| matches!(arg, Ok(Arg::LongOption("help") | Arg::ShortOption('h')));
    match shift(raw) {
        Some(topic) if raw.name() == "help" => Some(Topic::Command(topic)),
        _ if raw.args().args().any(asks) => Some(Topic::Command(raw.clone())),
        _ if raw.name() == "help" => Some(Topic::All),
        _ => None,
    }
}

fn show_help(topic: Topic<'_>, ctx: &mut Context<'_>) -> Status {
    let mut printer = help::Printer::default();
    match topic {
        Topic::All => {
            help::of_all(&mut |text, line| printer.line(ctx.console, text, line));
            ctx.console.write(b"`COMMAND --help` tells more of one\n");
        }
        Topic::Command(raw) => {
            if !help::of_command(raw.clone(), &mut |text, line| {
                printer.line(ctx.console, text, line)
            }) {
                return Err(unknown(&raw, ctx));
            }
        }
    }
    Ok(())
}

/// embedded-cli forgets an option whose value does not follow it; here it is an error.
fn lacks_value(raw: &RawCommand<'_>, ctx: &mut Context<'_>) -> bool {
    let mut lacking = None;
    for arg in raw.args().args().flatten() {
        if matches!(arg, Arg::Value(_)) {
            lacking = None;
        } else if lacking.is_some() {
            break;
        } else if help::takes_value(raw, &arg, &mut |_| {}) {
            lacking = Some(arg);
        }
    }
    let mut explain = |dashes, name: &str| {
        with_usage(raw, &mut |what, usage| {
            fail!(ctx, what, "{}{} needs a value", dashes, name);
            hint!(ctx, "usage: {}", usage);
        })
    };
    match lacking {
        Some(Arg::LongOption(name)) => explain("--", name),
        Some(Arg::ShortOption(name)) => explain("-", name.encode_utf8(&mut [0; 4])),
        _ => false,
    }
}

/// embedded-cli ignores what follows a command that takes no arguments; here it is an error.
fn refuse_excess<'a>(raw: &RawCommand<'a>) -> Result<(), ParseError<'a>> {
    let mut names = None;
    help::of_command(raw.clone(), &mut |_, line| match line {
        Line::Usage(usage) if usage == help::usage_names(usage) => {
            names = Some(usage.split(' ').count())
        }
        _ => {}
    });
    match names.and_then(|names| raw.args().args().flatten().nth(names - 1)) {
        Some(Arg::Value(value)) => Err(ParseError::UnexpectedArgument { value }),
        Some(Arg::LongOption(name)) => Err(ParseError::UnexpectedLongOption { name }),
        Some(Arg::ShortOption(name)) => Err(ParseError::UnexpectedShortOption { name }),
        Some(Arg::DoubleDash) | None => Ok(()),
    }
}

/// Calls `body` with the innermost name and the usage of the command that `raw` names; false if it names none.
fn with_usage(raw: &RawCommand<'_>, body: &mut dyn FnMut(&str, &str)) -> bool {
    help::of_command(raw.clone(), &mut |_, line| {
        if let Line::Usage(usage) = line {
            body(
                help::usage_names(usage)
                    .rsplit(' ')
                    .next()
                    .unwrap_or_default(),
                usage,
            );
        }
    })
}

/// Says why `raw` is no command line.
fn explain(raw: RawCommand<'_>, error: &ParseError<'_>, ctx: &mut Context<'_>) -> Failed {
    let known = with_usage(&raw, &mut |what, usage| {
        let Failed = match error {
            ParseError::MissingRequiredArgument { name } => {
                fail!(ctx, what, "{} is missing", *name)
            }
            ParseError::ParseValueError { value, expected } => {
                fail!(ctx, what, "{}: expected {}", *value, *expected)
            }
            ParseError::UnexpectedArgument { value } => {
                fail!(ctx, what, "{}: one argument too many", *value)
            }
            ParseError::UnexpectedLongOption { name } => {
                fail!(ctx, what, "--{}: no such option", *name)
            }
            ParseError::UnexpectedShortOption { name } => {
                fail!(ctx, what, "-{}: no such option", *name)
            }
            _ => fail!(ctx, what, "an option is - and a letter, or -- and a word"),
        };
        hint!(ctx, "usage: {}", usage);
    });
    if known { Failed } else { unknown(&raw, ctx) }
}

/// Says that there is no such command, and which are near.
fn unknown(raw: &RawCommand<'_>, ctx: &mut Context<'_>) -> Failed {
    let name = raw.name();
    let mut known = false;
    help::commands(None, &mut |command| known |= command == name);
    if known {
        let wanted = shift(raw).map_or("", |sub| sub.name());
        fail!(ctx, name, "{}: unknown subcommand", wanted);
        let parent = bare(name, raw.args());
        if !nearest::hint(ctx.console, wanted, &mut |each| {
            help::commands(Some(parent.clone()), each)
        }) {
            hint!(ctx, "`{} --help` lists the subcommands", name);
        }
        return Failed;
    }
    fail!(ctx, name, "unknown command");
    let mut hinted = false;
    help::commands(None, &mut |parent| {
        help::commands(Some(bare(parent, raw.args())), &mut |sub| {
            if sub == name && !hinted {
                hinted = true;
                hint!(ctx, "did you mean {} {}?", parent, name);
            }
        });
    });
    if !hinted && !nearest::hint(ctx.console, name, &mut |each| help::commands(None, each)) {
        hint!(ctx, "`help` lists the commands");
    }
    Failed
}
