//! From a line to a command that runs, or to a message that says why it cannot.

use crate::{
    COMMANDS, Failed, Status,
    context::Context,
    help,
    line::{TooLong, with_words},
    nearest,
    parse::Parsed,
    system::time,
    table::{Action, Command, find},
    text::{fail, hint},
};
use embedded_cli::{
    arguments::Arg,
    command::RawCommand,
    service::{FromRaw, ParseError},
};

/// Runs the command in `line`. All it has to say, errors too, it has written to the console.
/// An empty line does nothing, successfully.
pub fn execute(line: &str, ctx: &mut Context<'_>) -> Status {
    let mut status = Ok(());
    let split = with_words(line, &mut |raw| {
        status = match shift(&raw) {
            Some(measured) if raw.name() == time::TIME.name => {
                time::measure(ctx, &mut |ctx| run(&measured, ctx))
            }
            _ => run(&raw, ctx),
        };
    });
    match split {
        Ok(()) => status,
        Err(TooLong) => Err(fail!(ctx, "line", "too long")),
    }
}

fn run(raw: &RawCommand<'_>, ctx: &mut Context<'_>) -> Status {
    let asks = |arg| matches!(arg, Ok(Arg::LongOption("help") | Arg::ShortOption('h')));
    match shift(raw) {
        Some(topic) if raw.name() == "help" => return show_help(&topic, ctx),
        _ if raw.args().args().any(asks) => return show_help(raw, ctx),
        _ => {}
    }
    match Parsed::parse(raw.clone()) {
        Ok(parsed) => match parsed.command.action {
            Action::Run(run) => run(ctx, &parsed),
            Action::Subcommands(_) => Err(Failed),
        },
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

fn show_help(raw: &RawCommand<'_>, ctx: &mut Context<'_>) -> Status {
    match (Parsed::find(raw), group_of(raw.name())) {
        (Some(parsed), _) => help::show(ctx.console, parsed.parent, parsed.command),
        (None, Some((parent, command))) => help::show(ctx.console, Some(parent), command),
        (None, None) => Err(unknown(raw, ctx)),
    }
}

/// The group of commands that has a subcommand `name`, and that subcommand, if it is the only one.
fn group_of(name: &str) -> Option<(&'static Command, &'static Command)> {
    let mut groups = COMMANDS
        .iter()
        .filter_map(|parent| Some((parent, find(parent.subcommands(), name)?)));
    groups.next().filter(|_| groups.next().is_none())
}

/// Says why `raw` is no command line.
fn explain(raw: &RawCommand<'_>, error: &ParseError<'_>, ctx: &mut Context<'_>) -> Failed {
    let Some(parsed) = Parsed::find(raw) else {
        return unknown(raw, ctx);
    };
    let what = parsed.what();
    let Failed = match error {
        ParseError::MissingRequiredArgument { name } if name.starts_with('-') => {
            fail!(ctx, what, "{} needs a value", *name)
        }
        ParseError::MissingRequiredArgument { name } => fail!(ctx, what, "{} is missing", *name),
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
    help::hint_usage(ctx.console, parsed.parent, parsed.command);
    Failed
}

/// Says that there is no such command, and which are near.
fn unknown(raw: &RawCommand<'_>, ctx: &mut Context<'_>) -> Failed {
    let name = raw.name();
    if let Some(parent) = find(COMMANDS, name) {
        let wanted = shift(raw).map_or("", |sub| sub.name());
        fail!(ctx, name, "{}: unknown subcommand", wanted);
        if !nearest::hint(ctx.console, wanted, &mut |each| {
            names(parent.subcommands(), each)
        }) {
            hint!(ctx, "`{} --help` lists the subcommands", name);
        }
        return Failed;
    }
    fail!(ctx, name, "unknown command");
    if name == "clear" {
        hint!(ctx, "Ctrl-L clears the screen");
    } else if name == "quit" {
        hint!(ctx, "did you mean exit?");
    } else if let Some((parent, _)) = group_of(name) {
        hint!(ctx, "did you mean {} {}?", parent.name, name);
    } else if !nearest::hint(ctx.console, name, &mut |each| names(COMMANDS, each)) {
        hint!(ctx, "`help` lists the commands");
    }
    Failed
}

/// Calls `each` with the names of `commands`.
pub fn names(commands: &[Command], each: &mut dyn FnMut(&str)) {
    commands.iter().for_each(|command| each(command.name));
}
