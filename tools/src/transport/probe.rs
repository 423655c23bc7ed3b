//! SEGGER RTT through a debug probe, by the crate probe-rs: CMSIS-DAP, ST-Link, J-Link and what else it knows.
//!
//! The chip's name says where its RAM is, and there the control block is looked for. The core runs on meanwhile.

use std::io;
use std::ops::Range;

use probe_rs::config::{MemoryRegion, Registry};
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeInfo, Probe};
use probe_rs::{MemoryInterface, Permissions, Session, Target};

use super::rtt::{Memory, Rtt};

/// Words that a search reads at a time.
const PIECE: u32 = 512;
/// Names that are told of chips that may be meant.
const NAMES: usize = 5;

/// Attaches to `chip` by the probe with this serial number, or by the only one that there is.
///
/// # Errors
/// No such chip is known or it does not answer; there is no probe or more than one, or it is somebody else's.
pub fn open(chip: &str, serial: Option<&str>) -> io::Result<Rtt> {
    let target = target(chip)?;
    let found = Lister::new().list_all();
    let (probe, name) = choose(&found, serial, chip)?;
    let probe = probe.open().map_err(|error| refused(&error, &name))?;
    Ok(Rtt::in_memory(Box::new(Attached::attach(probe, target)?)))
}

fn target(chip: &str) -> io::Result<Target> {
    let registry = Registry::from_builtin_families();
    registry.get_target_by_name(chip).map_err(|_| {
        let near = near(&registry, chip);
        let why = match near.is_empty() {
            true => format!("probe-rs knows no chip `{chip}`"),
            false => format!(
                "probe-rs knows no chip `{chip}`; there are {}",
                near.join(", ")
            ),
        };
        io::Error::new(io::ErrorKind::InvalidInput, why)
    })
}

/// Chips whose names begin as `chip` does, for as long as possible.
fn near(registry: &Registry, chip: &str) -> Vec<String> {
    let ends: Vec<_> = chip.char_indices().map(|(end, _)| end).skip(3).collect();
    let mut names = ends
        .iter()
        .rev()
        .filter_map(|&end| Some(registry.search_chips(chip.get(..end)?)))
        .find(|names| !names.is_empty())
        .unwrap_or_default();
    names.sort();
    names.dedup();
    names.truncate(NAMES);
    names
}

/// What of a probe tells it from others.
trait Found {
    fn serial(&self) -> Option<&str>;
    fn name(&self) -> &str;
}

impl Found for DebugProbeInfo {
    fn serial(&self) -> Option<&str> {
        self.serial_number.as_deref()
    }

    fn name(&self) -> &str {
        &self.identifier
    }
}

/// The probe that is meant, and its name.
fn choose<'p, P: Found>(
    found: &'p [P],
    serial: Option<&str>,
    chip: &str,
) -> io::Result<(&'p P, String)> {
    let fits = |probe: &&P| serial.is_none() || probe.serial() == serial;
    let mut fitting = found.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok((only, only.name().to_owned())),
        (None, _) if found.is_empty() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no debug probe is attached",
        )),
        (None, _) => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "no debug probe has this serial number; there {}",
                listed(found, chip)
            ),
        )),
        (Some(_), Some(_)) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("which debug probe? There {}", listed(found, chip)),
        )),
    }
}

/// What to type for each probe.
fn listed<P: Found>(found: &[P], chip: &str) -> String {
    let all: Vec<_> = found
        .iter()
        .map(|probe| match probe.serial() {
            Some(serial) => format!("probe:{chip}@{serial} ({})", probe.name()),
            None => format!("one without a serial number ({})", probe.name()),
        })
        .collect();
    let verb = if all.len() == 1 { "is" } else { "are" };
    format!("{verb} {}", all.join(", "))
}

/// An error of probe-rs with all that caused it.
fn refused(error: &dyn std::error::Error, what: &str) -> io::Error {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    io::Error::other(format!("{what}: {}", causes.join(": ")))
}

/// A chip that runs.
struct Attached {
    session: Session,
    ram: Vec<Range<u32>>,
}

impl Attached {
    fn attach(probe: Probe, target: Target) -> io::Result<Attached> {
        let chip = target.name.clone();
        let ram = ram(&target.memory_map);
        if ram.is_empty() {
            let why = format!("{chip}: where its RAM is is not known: name the chip itself");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let attached = probe.attach(target, Permissions::default());
        let session = attached.map_err(|error| refused(&error, &chip))?;
        Ok(Attached { session, ram })
    }

    /// Does `access` on the first core.
    fn on<T>(
        &mut self,
        access: impl FnOnce(&mut probe_rs::Core<'_>) -> Result<T, probe_rs::Error>,
    ) -> io::Result<T> {
        let core = self.session.core(0);
        core.and_then(|mut core| access(&mut core))
            .map_err(|error| refused(&error, "the probe"))
    }
}

/// Where RAM is within 32 bits, in the order of the addresses. Banks without a gap between them are one.
fn ram(map: &[MemoryRegion]) -> Vec<Range<u32>> {
    let regions = map.iter().filter_map(|region| match region {
        MemoryRegion::Ram(ram) => {
            Some(u32::try_from(ram.range.start).ok()?..u32::try_from(ram.range.end).ok()?)
        }
        _ => None,
    });
    let mut regions: Vec<_> = regions.collect();
    regions.sort_by_key(|region| region.start);
    regions.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
    regions
}

/// The pieces of `regions` below `end` that a search goes through, the last one first.
fn pieces(regions: &[Range<u32>], end: Option<u32>) -> Vec<Range<u32>> {
    let mut pieces = Vec::new();
    for region in regions.iter().rev() {
        let mut last = region.end.min(end.unwrap_or(u32::MAX)) & !3;
        let first = region.start.next_multiple_of(4);
        while last > first {
            let start = last.saturating_sub(4 * PIECE).max(first);
            pieces.push(start..last);
            last = start;
        }
    }
    pieces
}

impl Memory for Attached {
    fn holds(&self, start: u32, size: u32) -> bool {
        let end = start.checked_add(size);
        let within = |region: &Range<u32>| region.start <= start && end <= Some(region.end);
        end.is_some() && self.ram.iter().any(within)
    }

    fn words(&mut self, at: u32, into: &mut [u32]) -> io::Result<()> {
        self.on(|core| core.read_32(at.into(), into))
    }

    fn set_word(&mut self, at: u32, word: u32) -> io::Result<()> {
        self.on(|core| core.write_word_32(at.into(), word))
    }

    fn bytes(&mut self, at: u32, into: &mut [u8]) -> io::Result<()> {
        self.on(|core| core.read(at.into(), into))
    }

    fn set_bytes(&mut self, at: u32, bytes: &[u8]) -> io::Result<()> {
        self.on(|core| core.write(at.into(), bytes))
    }

    fn find_last(&mut self, word: u32, end: Option<u32>) -> io::Result<Option<u32>> {
        let mut words = [0; PIECE as usize];
        // A region may be without power or clock. Where none can be read, the chip is gone.
        let mut last_error = None;
        let mut has_read = false;
        for piece in pieces(&self.ram, end) {
            let count = ((piece.end - piece.start) / 4) as usize;
            let words = words.get_mut(..count).unwrap_or_default();
            match self.words(piece.start, words) {
                Err(error) => last_error = Some(error),
                Ok(()) => {
                    has_read = true;
                    if let Some(index) = words.iter().rposition(|&there| there == word) {
                        return Ok(Some(piece.start + 4 * index as u32));
                    }
                }
            }
        }
        match last_error {
            Some(error) if !has_read => Err(error),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Found for (&str, Option<&str>) {
        fn serial(&self) -> Option<&str> {
            self.1
        }

        fn name(&self) -> &str {
            self.0
        }
    }

    fn why(found: &[(&str, Option<&str>)], serial: Option<&str>) -> String {
        let error = choose(found, serial, "nRF52840_xxAA").expect_err("none fits");
        error.to_string()
    }

    #[test]
    fn the_only_probe_is_taken_and_of_more_the_one_that_is_named() {
        let two = [("ST-Link", Some("0668")), ("DAPLink", Some("9900"))];
        let (probe, _) = choose(&two[..1], None, "c").expect("the only one");
        assert_eq!(probe.name(), "ST-Link");
        let (probe, _) = choose(&two, Some("9900"), "c").expect("the one named");
        assert_eq!(probe.name(), "DAPLink");
        assert_eq!(why(&[], None), "no debug probe is attached");
        assert_eq!(
            why(&two, None),
            "which debug probe? There are probe:nRF52840_xxAA@0668 (ST-Link), probe:nRF52840_xxAA@9900 (DAPLink)"
        );
        assert_eq!(
            why(&two[..1], Some("1")),
            "no debug probe has this serial number; there is probe:nRF52840_xxAA@0668 (ST-Link)"
        );
    }

    #[test]
    fn a_chip_that_is_not_known_brings_its_relatives() {
        let error = open("STM32F407VX9", None).err().map(|it| it.to_string());
        let error = error.expect("there is none");
        assert!(
            error.starts_with("probe-rs knows no chip `STM32F407VX9`; there are STM32F407V"),
            "{error}"
        );
        let error = target("x").err().map(|it| it.to_string());
        assert_eq!(error.as_deref(), Some("probe-rs knows no chip `x`"));
    }

    #[test]
    fn the_ram_of_a_chip_is_searched_from_its_end() {
        let target = target("STM32F407VGTx").expect("a chip");
        let ram = ram(&target.memory_map);
        assert!(ram.contains(&(0x2000_0000..0x2002_0000)), "{ram:x?}");
        let regions = [0x1000..0x1010, 0x2000..0x2c00];
        let all = [0x2400..0x2c00, 0x2000..0x2400, 0x1000..0x1010];
        assert_eq!(pieces(&regions, None), all);
        assert_eq!(
            pieces(&regions, Some(0x2004)),
            [0x2000..0x2004, 0x1000..0x1010]
        );
        assert_eq!(pieces(&regions, Some(0x1000)), []);
    }
}
