//! The names that the measuring firmware exports.

use std::collections::BTreeSet;

use crate::random::Random;

const SUBSYSTEMS: [&str; 20] = [
    "k", "sys", "net", "gpio", "i2c", "spi", "uart", "bt", "flash", "fs", "adc", "pwm", "can",
    "usb", "log", "shell", "settings", "nvs", "sensor", "counter",
];
const OBJECTS: [&str; 25] = [
    "sem", "mutex", "thread", "queue", "fifo", "timer", "work", "msgq", "pipe", "event", "heap",
    "slab", "poll", "stack", "mbox", "buf", "pkt", "if", "conn", "dev", "pin", "port", "bus",
    "chan", "node",
];
const VERBS: [&str; 20] = [
    "init", "get", "put", "take", "give", "start", "stop", "read", "write", "send", "recv",
    "alloc", "free", "open", "close", "config", "reset", "lock", "unlock", "status",
];
/// Names that stand for what they say.
const SPECIAL: [&str; 10] = [
    "printk", "memcpy", "memset", "strlen", "strcmp", "memcmp", "strncmp", "strcpy", "abort",
    "k_sleep",
];

/// The names of the exports, sorted.
pub struct Names {
    /// All 2,000.
    pub all: Vec<String>,
    /// The 250 of a small firmware: all that the workloads use are among them.
    pub few: Vec<String>,
    /// The 200 that the workloads use.
    pub used: Vec<String>,
}

impl Names {
    pub(crate) fn draw(random: &mut Random) -> Names {
        let mut all = BTreeSet::new();
        while all.len() < 2000 - SPECIAL.len() {
            let subsystem = random.choose(&SUBSYSTEMS);
            let object = random.choose(&OBJECTS);
            let verb = random.choose(&VERBS);
            all.insert(format!("{subsystem}_{object}_{verb}"));
        }
        all.extend(SPECIAL.map(str::to_owned));
        let all: Vec<String> = all.into_iter().collect();
        let plain: Vec<&String> = all.iter().filter(|name| Names::is_plain(name)).collect();
        let used = spread(plain.iter().skip(4), plain.len() / 200, 200);
        let rest: Vec<&String> = plain
            .into_iter()
            .filter(|name| !used.contains(name))
            .collect();
        let mut few = spread(rest.iter(), rest.len() / 40, 40);
        few.extend(used.iter().cloned());
        few.extend(SPECIAL.map(str::to_owned));
        few.sort();
        Names { all, few, used }
    }

    /// Whether `name` is a function that returns its place in [`Names::all`], and not one of C's or the kernel's.
    pub fn is_plain(name: &str) -> bool {
        !SPECIAL.contains(&name)
    }

    /// The place of `name`: what its function returns.
    pub(crate) fn place(&self, name: &str) -> u32 {
        self.all.iter().position(|one| one == name).unwrap_or(0) as u32
    }
}

/// Every `step`th of `names`, `count` in all.
fn spread<'a>(
    names: impl Iterator<Item = &'a &'a String>,
    step: usize,
    count: usize,
) -> Vec<String> {
    names
        .step_by(step)
        .take(count)
        .map(|name| (*name).clone())
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_are_as_many_names_as_said() {
        let names = crate::names();
        assert_eq!(
            (names.all.len(), names.few.len(), names.used.len()),
            (2000, 250, 200)
        );
        assert!(names.all.is_sorted() && names.few.is_sorted());
        assert!(names.used.iter().all(|name| names.few.contains(name)));
        assert!(names.few.iter().all(|name| names.all.contains(name)));
    }
}
