//! Tab at a terminal: at the end of a line and inside it.

use crate::console::testing::seen;

const LEFT: &str = "\x1b[D";

#[test]
fn the_only_candidate_is_inserted_with_a_space() {
    assert_eq!(seen(&["ver\t"]), "llext> version |");
    assert_eq!(seen(&["version\t"]), "llext> version |");
    assert_eq!(seen(&["llext un\t"]), "llext> llext unload |");
    assert_eq!(
        seen(&["llext call h\t", "\t"]),
        "llext> llext call hello hello_world |"
    );
}

#[test]
fn a_directory_gets_no_space() {
    assert_eq!(seen(&["llext load /\t"]), "llext> llext load /ext/|");
    assert_eq!(
        seen(&["llext load /\t", "c\t"]),
        "llext> llext load /ext/calc.elf |"
    );
}

#[test]
fn several_candidates_give_what_they_have_in_common() {
    assert_eq!(
        seen(&["llext load /ext/h\t"]),
        "llext> llext load /ext/hel|"
    );
}

#[test]
fn then_they_are_listed_below() {
    assert_eq!(
        seen(&["llext l\t"]),
        "llext> llext l\nlist  load\nllext> llext l|"
    );
    assert_eq!(
        seen(&["llext load /ext/h\t", "\t", "lo\t"]),
        "llext> llext load /ext/hel\nhello.elf  help.elf\nllext> llext load /ext/hello.elf |"
    );
    assert_eq!(
        seen(&["\t"]),
        "llext>\nhelp     llext    ls       version\nllext> |"
    );
}

#[test]
fn nothing_to_complete_changes_nothing() {
    assert_eq!(seen(&["nonsense\t", "\t"]), "llext> nonsense|");
}

#[test]
fn in_the_middle_of_a_line() {
    // The word under the cursor, with more words after it.
    let back = LEFT.repeat(" x.elf".len());
    assert_eq!(
        seen(&["llext un x.elf", &back, "\t"]),
        "llext> llext unload| x.elf"
    );
    // A list leaves line and cursor as they were.
    assert_eq!(
        seen(&["llext l x.elf", &back, "\t"]),
        "llext> llext l x.elf\nlist  load\nllext> llext l| x.elf"
    );
    assert_eq!(
        seen(&["llext l x.elf", &back, "\t", "o\t"]),
        "llext> llext l x.elf\nlist  load\nllext> llext load| x.elf"
    );
    // At the very start.
    assert_eq!(seen(&[" load", "\x01", "ll\t"]), "llext> llext| load");
}

#[test]
fn what_stands_after_the_cursor_is_not_doubled() {
    assert_eq!(
        seen(&["llext load", LEFT, LEFT, "\t"]),
        "llext> llext load |"
    );
    assert_eq!(
        seen(&["llext load /ext", "\x1bb\x1bb", "\x1b[C\x1b[C", "\t"]),
        "llext> llext load| /ext"
    );
    assert_eq!(seen(&["llext loX", LEFT, "\t"]), "llext> llext load |X");
}

#[test]
fn typed_ahead_it_completes_what_stood_before_it() {
    assert_eq!(
        seen(&["ver\t\rls /\tcal\t\r"]),
        "llext> version\nllext> ls /ext/calc.elf\nllext> |"
    );
}

#[test]
fn a_full_line_takes_no_completion() {
    let full = format!("{} ver", "x".repeat(247));
    let screen = seen(&[&full, "\x01", &"\x1b[C".repeat(3), "\t", "\x05"]);
    assert!(screen.ends_with(" ver|"), "{screen}");
}
