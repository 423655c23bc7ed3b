//! What the commands are and how they are typed, from the table.

use crate::{
    COMMANDS, Status,
    context::Console,
    table::Command,
    text::{Left, field_with, go_on, print},
};

/// Lists all commands.
pub fn show_all(console: &mut dyn Console) -> Status {
    list(console, COMMANDS)?;
    console.write(b"`COMMAND --help` tells more of one\n");
    Ok(())
}

/// Explains one command.
pub fn show(console: &mut dyn Console, parent: Option<&Command>, command: &Command) -> Status {
    print!(console, "{}\n\nUsage: ", command.about);
    usage(console, parent, command);
    console.write(b"\n");
    if !command.arguments.is_empty() {
        console.write(b"\nArguments:\n");
        let width = command
            .arguments
            .iter()
            .map(|argument| argument.name.len())
            .max()
            .unwrap_or(0);
        for argument in command.arguments {
            print!(
                console,
                "  {}  {}\n",
                Left(argument.name, width),
                argument.about
            );
        }
    }
    console.write(b"\nOptions:\n");
    for choice in command.options {
        let comma = if choice.short.is_empty() { "" } else { ", " };
        print!(console, "  {}{}{}", choice.short, comma, choice.long);
        if !choice.value.is_empty() {
            print!(console, " {}", choice.value);
        }
        print!(console, "  {}\n", choice.about);
    }
    console.write(b"  -h, --help  Print help\n");
    if !command.subcommands().is_empty() {
        console.write(b"\n");
        list(console, command.subcommands())?;
    }
    Ok(())
}

/// Writes the line `hint: usage: …`.
pub fn hint_usage(console: &mut dyn Console, parent: Option<&Command>, command: &Command) {
    console.write(b"hint: usage: ");
    usage(console, parent, command);
    console.write(b"\n");
    field_with(console, "hint", &mut |value| {
        value.write(b"usage: ");
        usage(value, parent, command);
    });
}

/// Writes how a command is typed: `llext load [OPTIONS] <PATH>`.
fn usage(console: &mut dyn Console, parent: Option<&Command>, command: &Command) {
    if let Some(parent) = parent {
        print!(console, "{} ", parent.name);
    }
    console.write(command.name.as_bytes());
    if !command.options.is_empty() {
        console.write(b" [OPTIONS]");
    }
    for argument in command.arguments {
        print!(console, " {}", argument.name);
    }
    if !command.subcommands().is_empty() {
        console.write(b" <COMMAND>");
    }
}

fn list(console: &mut dyn Console, commands: &[Command]) -> Status {
    console.write(b"Commands:\n");
    for command in commands {
        go_on(console)?;
        print!(console, "  {}  {}\n", Left(command.name, 8), command.about);
    }
    Ok(())
}
