//! The target's memory, for the eye.

use std::fmt::Write;

/// What lies where.
#[derive(Debug, Default)]
pub struct Memory {
    /// The board.
    pub board: String,
    /// The firmware's own.
    pub areas: Vec<Area>,
    /// What extensions live in.
    pub heaps: Vec<Heap>,
    /// What is loaded.
    pub extensions: Vec<Extension>,
}

/// A stretch of memory.
#[derive(Debug)]
pub struct Area {
    /// What it is.
    pub name: String,
    /// Address of its first byte.
    pub start: u64,
    /// Address of the first byte after it.
    pub end: u64,
}

/// A heap.
#[derive(Debug)]
pub struct Heap {
    /// What it is for.
    pub name: String,
    /// Address of its first byte.
    pub start: u64,
    /// Address of the first byte after it.
    pub end: u64,
    /// In the order of their addresses.
    pub blocks: Vec<Block>,
}

/// A block of a heap.
#[derive(Debug)]
pub struct Block {
    /// Address of its first byte.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// Whether somebody has it.
    pub is_used: bool,
}

/// An extension.
#[derive(Debug)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub regions: Vec<Region>,
}

/// A region of an extension.
#[derive(Debug)]
pub struct Region {
    /// `text`, `rodata`, `data` or `bss`.
    pub kind: String,
    /// Address of its first byte.
    pub start: u64,
    /// Bytes.
    pub size: u64,
}

impl Heap {
    fn used(&self) -> u64 {
        let used = self.blocks.iter().filter(|block| block.is_used);
        used.map(|block| block.size).sum()
    }

    /// Where its last used block ends: what is behind is one free block, and nothing to look at.
    fn used_end(&self) -> u64 {
        let used = self.blocks.iter().filter(|block| block.is_used);
        let ends = used.map(|block| block.start.saturating_add(block.size));
        ends.max().unwrap_or(self.start)
    }

    /// The regions of extensions in it, with the number and the name of each one's extension.
    fn regions<'m>(&self, memory: &'m Memory) -> Vec<(usize, &'m str, &'m Region)> {
        let (start, end) = (self.start, self.end);
        let all = memory.extensions.iter().enumerate();
        all.flat_map(|(number, extension)| {
            let regions = extension.regions.iter();
            regions.map(move |region| (number, extension.name.as_str(), region))
        })
        .filter(|(_, _, region)| (start..end).contains(&region.start))
        .collect()
    }
}

/// All stretches in the order of their addresses: name, start, end.
fn stretches(memory: &Memory) -> Vec<(String, u64, u64)> {
    let areas = memory.areas.iter();
    let heaps = memory.heaps.iter();
    let mut all: Vec<_> = areas
        .map(|area| (area.name.clone(), area.start, area.end))
        .chain(heaps.map(|heap| (format!("heap: {}", heap.name), heap.start, heap.end)))
        .filter(|(_, start, end)| end > start)
        .collect();
    all.sort_by_key(|&(_, start, end)| (start, end));
    all
}

/// The map as lines.
pub fn text(memory: &Memory) -> String {
    let mut text = String::new();
    for (name, start, end) in stretches(memory) {
        line(
            &mut text,
            format_args!("{start:#010x} {:>10}  {name}", end - start),
        );
        for heap in memory.heaps.iter().filter(|heap| heap.start == start) {
            for (_, name, region) in heap.regions(memory) {
                let (start, size, kind) = (region.start, region.size, &region.kind);
                line(
                    &mut text,
                    format_args!("  {start:#010x} {size:>8}  {name} {kind}"),
                );
            }
            let free = (end - start).saturating_sub(heap.used());
            line(&mut text, format_args!("  {:<10} {free:>8}  free", ""));
        }
    }
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A string takes all that is written to it.
    let _ = writeln!(text, "{line}");
}

/// Colours of extensions, which all readers can tell apart (Okabe and Ito).
const COLOURS: [&str; 7] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442",
];
/// Width of a bar, and where it begins.
const WIDTH: f64 = 880.0;
const LEFT: f64 = 20.0;
/// From a line of text to the next one, and the height of a bar.
const LINE: f64 = 20.0;
const BAR: f64 = 34.0;

/// The map as a drawing: a table of all memory, then each heap as a bar, whole, and again up to where its last used block ends.
pub fn svg(memory: &Memory) -> String {
    let mut drawing = Drawing {
        body: String::new(),
        y: 30.0,
    };
    drawing.text(LEFT, 16, &format!("Memory of {}", memory.board));
    drawing.y += LINE;
    for (name, start, end) in stretches(memory) {
        let label = format!("{start:#010x} – {end:#010x}   {:>10}   {name}", end - start);
        drawing.text(LEFT, 12, &label);
    }
    for heap in &memory.heaps {
        drawing.heap(heap, memory);
    }
    drawing.y += LINE;
    for (number, extension) in memory.extensions.iter().enumerate() {
        drawing.legend(number, extension);
    }
    let height = drawing.y + LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {height:.0}\" \
         font-family=\"ui-monospace, monospace\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
        WIDTH + 2.0 * LEFT,
        drawing.body
    )
}

fn colour(number: usize) -> &'static str {
    COLOURS[number % COLOURS.len()]
}

struct Drawing {
    body: String,
    /// Where the next line goes.
    y: f64,
}

impl Drawing {
    fn text(&mut self, x: f64, size: u32, text: &str) {
        let (y, text) = (self.y, escaped(text));
        line(
            &mut self.body,
            format_args!(
                "<text x=\"{x:.0}\" y=\"{y:.0}\" font-size=\"{size}\" xml:space=\"preserve\">{text}</text>"
            ),
        );
        self.y += LINE;
    }

    fn heap(&mut self, heap: &Heap, memory: &Memory) {
        self.y += LINE;
        let (used, all) = (heap.used(), heap.end.saturating_sub(heap.start));
        self.text(
            LEFT,
            13,
            &format!("heap: {}   {used} of {all} bytes used", heap.name),
        );
        self.y -= LINE / 2.0;
        self.bar(heap, memory, heap.end);
        let end = heap.used_end();
        if end > heap.start && end < heap.end {
            self.text(LEFT, 12, &format!("up to {end:#010x}:"));
            self.y -= LINE / 2.0;
            self.bar(heap, memory, end);
        }
    }

    /// The heap from its beginning to `end`: free, used, and on top of that the regions of extensions.
    fn bar(&mut self, heap: &Heap, memory: &Memory, end: u64) {
        let scale = WIDTH / (end.saturating_sub(heap.start).max(1) as f64);
        let mut stretch = |start: u64, size: u64, fill: &str, title: &str| {
            let last = start.saturating_add(size).min(end);
            if start >= end || last <= start {
                return;
            }
            let x = LEFT + start.saturating_sub(heap.start) as f64 * scale;
            let width = ((last - start) as f64 * scale).max(0.5);
            let (y, title) = (self.y, escaped(title));
            line(
                &mut self.body,
                format_args!(
                    "<rect x=\"{x:.2}\" y=\"{y:.0}\" width=\"{width:.2}\" height=\"{BAR}\" fill=\"{fill}\">\
                     <title>{title}</title></rect>"
                ),
            );
        };
        stretch(heap.start, end - heap.start, "#eeeeee", "free");
        for block in heap.blocks.iter().filter(|block| block.is_used) {
            let title = format!("{:#010x}: {} bytes used", block.start, block.size);
            stretch(block.start, block.size, "#888888", &title);
        }
        for (number, name, region) in heap.regions(memory) {
            let title = format!(
                "{name} {}: {} bytes at {:#010x}",
                region.kind, region.size, region.start
            );
            stretch(region.start, region.size, colour(number), &title);
        }
        self.y += BAR + LINE;
    }

    fn legend(&mut self, number: usize, extension: &Extension) {
        let (y, fill) = (self.y - 12.0, colour(number));
        line(
            &mut self.body,
            format_args!(
                "<rect x=\"{LEFT}\" y=\"{y:.0}\" width=\"14\" height=\"14\" fill=\"{fill}\"/>"
            ),
        );
        let regions: Vec<_> = extension
            .regions
            .iter()
            .map(|region| format!("{} {} at {:#010x}", region.kind, region.size, region.start))
            .collect();
        let label = format!("{}: {}", extension.name, regions.join(", "));
        self.text(LEFT + 22.0, 12, &label);
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        Memory {
            board: "toy".to_owned(),
            areas: vec![Area {
                name: "firmware".to_owned(),
                start: 0x100,
                end: 0x200,
            }],
            heaps: vec![Heap {
                name: "code".to_owned(),
                start: 0x1000,
                end: 0x2000,
                blocks: vec![
                    Block {
                        start: 0x1000,
                        size: 0x100,
                        is_used: true,
                    },
                    Block {
                        start: 0x1100,
                        size: 0xf00,
                        is_used: false,
                    },
                ],
            }],
            extensions: vec![Extension {
                name: "a<b".to_owned(),
                regions: vec![Region {
                    kind: "text".to_owned(),
                    start: 0x1010,
                    size: 0x20,
                }],
            }],
        }
    }

    #[test]
    fn lines_are_in_the_order_of_addresses() {
        let text = text(&memory());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "0x00000100        256  firmware",
                "0x00001000       4096  heap: code",
                "  0x00001010       32  a<b text",
                "                 3840  free",
            ]
        );
    }

    #[test]
    fn a_drawing_has_every_region_within_its_bar_and_no_raw_text() {
        let svg = svg(&memory());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("<title>a&lt;b text: 32 bytes at 0x00001010</title>"));
        assert!(svg.contains("256 of 4096 bytes used"));
        // In the whole heap, and in its used part of 256 bytes.
        let narrow = WIDTH * 32.0 / 4096.0;
        let wide = WIDTH * 32.0 / 256.0;
        for width in [narrow, wide] {
            assert!(svg.contains(&format!("width=\"{width:.2}\"")), "{width}");
        }
    }
}
