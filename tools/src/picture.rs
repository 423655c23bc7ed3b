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

    /// The regions of extensions in it by address, with the number and the name of each one's extension.
    fn regions<'m>(&self, memory: &'m Memory) -> Vec<(usize, &'m str, &'m Region)> {
        let (start, end) = (self.start, self.end);
        let all = memory.extensions.iter().enumerate();
        let all = all.flat_map(|(number, extension)| {
            let regions = extension.regions.iter();
            regions.map(move |region| (number, extension.name.as_str(), region))
        });
        let mut within: Vec<_> = all
            .filter(|(_, _, region)| (start..end).contains(&region.start))
            .collect();
        within.sort_by_key(|(_, _, region)| region.start);
        within
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

/// Colours of extensions, which all readers can tell apart (Okabe and Ito), and of what is written on them.
const COLOURS: [(&str, &str); 7] = [
    ("#0072b2", "white"),
    ("#e69f00", "black"),
    ("#009e73", "white"),
    ("#cc79a7", "black"),
    ("#56b4e9", "black"),
    ("#d55e00", "white"),
    ("#f0e442", "black"),
];
/// What is no extension's region, but used; and what is free.
const OTHER: &str = "#8c8c8c";
const FREE: &str = "#ececec";
/// Width of a bar, and where it begins.
const WIDTH: f64 = 880.0;
const LEFT: f64 = 20.0;
/// From a line of text to the next one; the height of the bar of a whole heap, and of its used part.
const LINE: f64 = 20.0;
const THIN: f64 = 10.0;
const BAR: f64 = 34.0;
/// Between the two.
const LENS: f64 = 16.0;
/// Size of a label in a bar, and the width of its letters: those of all monospaced fonts are about 0.6 of it.
const LABEL: f64 = 11.0;
const LETTER: f64 = 0.62 * LABEL;

/// The map as a drawing: a table of all memory, then each heap as a bar, and below it, as if under a lens, the part of it up to
/// where its last used block ends.
pub fn svg(memory: &Memory) -> String {
    let mut drawing = Drawing {
        body: String::new(),
        y: 30.0,
    };
    drawing.text(LEFT, 16, &format!("Memory of {}", memory.board));
    drawing.y += LINE / 2.0;
    for (name, start, end) in stretches(memory) {
        let size = grouped(end - start);
        drawing.text(
            LEFT,
            12,
            &format!("{start:#010x} – {end:#010x}  {size:>12}  {name}"),
        );
    }
    for heap in &memory.heaps {
        drawing.heap(heap, memory);
    }
    drawing.y += LINE;
    drawing.legend(memory);
    let height = drawing.y + LINE / 2.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {height:.0}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', monospace\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
        WIDTH + 2.0 * LEFT,
        drawing.body
    )
}

fn colour(number: usize) -> (&'static str, &'static str) {
    COLOURS[number % COLOURS.len()]
}

/// A number with a comma at each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

struct Drawing {
    body: String,
    /// Where the next line goes.
    y: f64,
}

/// A part of a heap, from its beginning on, as wide as the drawing.
struct Scale {
    start: u64,
    end: u64,
    y: f64,
    height: f64,
}

impl Scale {
    /// Where an address is.
    fn x(&self, address: u64) -> f64 {
        let all = self.end.saturating_sub(self.start).max(1) as f64;
        let within = address.min(self.end).saturating_sub(self.start) as f64;
        LEFT + WIDTH * within / all
    }
}

impl Drawing {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        line(&mut self.body, what);
    }

    fn text(&mut self, x: f64, size: u32, text: &str) {
        self.write(x, "start", size, text);
        self.y += LINE;
    }

    /// Text that begins or ends at `x`, as `anchor` says.
    fn write(&mut self, x: f64, anchor: &str, size: u32, text: &str) {
        let (y, text) = (self.y, escaped(text));
        self.line(format_args!(
            "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\" font-size=\"{size}\" xml:space=\"preserve\">{text}</text>"
        ));
    }

    fn heap(&mut self, heap: &Heap, memory: &Memory) {
        self.y += LINE;
        let (used, all) = (heap.used(), heap.end.saturating_sub(heap.start));
        let percent = 100.0 * used as f64 / all.max(1) as f64;
        let (name, used, all) = (&heap.name, grouped(used), grouped(all));
        let title = format!("heap: {name}   {used} of {all} bytes used, {percent:.1} %");
        self.text(LEFT, 13, &title);
        self.y -= LINE / 2.0;
        let whole = Scale {
            start: heap.start,
            end: heap.end,
            y: self.y,
            height: THIN,
        };
        self.bar(heap, memory, &whole);
        self.y += THIN;
        let end = heap.used_end();
        let part = Scale {
            end,
            y: self.y + LENS,
            height: BAR,
            ..whole
        };
        if end > heap.start {
            let (top, bottom) = (self.y, part.y);
            let (near, far) = (whole.x(end), LEFT + WIDTH);
            self.line(format_args!(
                "<path d=\"M{LEFT} {top} H{near:.2} L{far} {bottom} H{LEFT} Z\" fill=\"#f6f6f6\"/>"
            ));
            self.bar(heap, memory, &part);
            self.y = part.y + BAR + 14.0;
            self.write(LEFT, "start", 11, &format!("{:#010x}", heap.start));
            self.write(far, "end", 11, &format!("{end:#010x}"));
        }
        self.y += LINE / 2.0;
    }

    /// Free, used, and on top of that the regions of extensions.
    fn bar(&mut self, heap: &Heap, memory: &Memory, scale: &Scale) {
        self.stretch(scale, scale.start, heap.end - heap.start, FREE, "free");
        for block in heap.blocks.iter().filter(|block| block.is_used) {
            let title = format!(
                "{} bytes used at {:#010x}",
                grouped(block.size),
                block.start
            );
            self.stretch(scale, block.start, block.size, OTHER, &title);
        }
        for (number, name, region) in heap.regions(memory) {
            let (fill, ink) = colour(number);
            let (kind, size) = (&region.kind, grouped(region.size));
            let title = format!("{name} {kind}: {size} bytes at {:#010x}", region.start);
            self.stretch(scale, region.start, region.size, fill, &title);
            let labels = [
                format!("{name} {kind} {size}"),
                format!("{name} {kind}"),
                name.to_owned(),
            ];
            self.label(scale, region, ink, &labels);
        }
    }

    fn stretch(&mut self, scale: &Scale, start: u64, size: u64, fill: &str, title: &str) {
        if start >= scale.end || size == 0 {
            return;
        }
        let (x, y, height) = (scale.x(start), scale.y, scale.height);
        let width = (scale.x(start.saturating_add(size)) - x).max(0.5);
        let title = escaped(title);
        // Neighbours of one colour are told apart by a gap, where there is room for one.
        let gap = if width > 4.0 { 0.5 } else { 0.0 };
        self.line(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.0}\" width=\"{:.2}\" height=\"{height}\" fill=\"{fill}\">\
             <title>{title}</title></rect>",
            width - gap
        ));
    }

    /// The first of `labels` that a region has room for.
    fn label(&mut self, scale: &Scale, region: &Region, ink: &str, labels: &[String]) {
        let (left, right) = (scale.x(region.start), scale.x(region.start + region.size));
        let fits = |label: &&String| label.chars().count() as f64 * LETTER + 6.0 <= right - left;
        let Some(label) = labels
            .iter()
            .find(fits)
            .filter(|_| scale.height >= LABEL * 2.0)
        else {
            return;
        };
        let (x, y) = (
            (left + right) / 2.0,
            scale.y + scale.height / 2.0 + 0.35 * LABEL,
        );
        let label = escaped(label);
        self.line(format_args!(
            "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"middle\" font-size=\"{LABEL}\" fill=\"{ink}\" pointer-events=\"none\">{label}</text>"
        ));
    }

    /// What the colours mean: a line an extension, and one for each grey.
    fn legend(&mut self, memory: &Memory) {
        let names = memory.extensions.iter().map(|it| it.name.chars().count());
        let longest = names.max().unwrap_or(0);
        for (number, extension) in memory.extensions.iter().enumerate() {
            let regions = extension.regions.iter().map(|region| {
                let size = grouped(region.size);
                format!("{} {size} at {:#010x}", region.kind, region.start)
            });
            let regions: Vec<_> = regions.collect();
            let label = format!("{:longest$}  {}", extension.name, regions.join(", "));
            self.entry(colour(number).0, &label);
        }
        self.entry(
            OTHER,
            "used otherwise: descriptions, symbols and memory of extensions, headers of blocks",
        );
        self.entry(FREE, "free");
    }

    fn entry(&mut self, fill: &str, label: &str) {
        let y = self.y - 12.0;
        self.line(format_args!(
            "<rect x=\"{LEFT}\" y=\"{y:.0}\" width=\"14\" height=\"14\" fill=\"{fill}\"/>"
        ));
        self.text(LEFT + 22.0, 12, label);
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
        assert!(svg.contains("256 of 4,096 bytes used, 6.2 %"));
        assert!(svg.contains("used otherwise: ") && svg.contains(">free</text>"));
        // In the whole heap, and in its used part of 256 bytes, where its name fits.
        let narrow = WIDTH * 32.0 / 4096.0 - 0.5;
        let wide = WIDTH * 32.0 / 256.0 - 0.5;
        for width in [narrow, wide] {
            assert!(svg.contains(&format!("width=\"{width:.2}\"")), "{width}");
        }
        assert_eq!(svg.matches(">a&lt;b text 32</text>").count(), 1);
    }

    #[test]
    fn thousands_are_set_apart() {
        let texts = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
