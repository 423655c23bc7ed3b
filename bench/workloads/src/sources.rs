//! The workloads' C sources, and the values that their entries return: computed here as the C code computes them.

use std::fmt::Write as _;

use crate::names::Names;
use crate::random::Random;

/// What every workload includes, as `llext_ext.h`.
pub const EXPORT_HEADER: &str = r#"#pragma once
/* the export record: name, address, in .exported_sym */
struct llext_const_symbol { const char *name; const void *addr; };
#define EXPORT_SYMBOL(x) static const struct llext_const_symbol \
	__attribute__((section(".exported_sym"), used)) __llext_sym_##x = { #x, (const void *)&x }
"#;
pub(crate) const INCLUDE: &str = "#include \"llext_ext.h\"\n";
pub(crate) const EXPORT_ENTRY: &str = "EXPORT_SYMBOL(ext_entry);\n";

/// A C file.
pub struct Unit {
    /// Its name without `.c`.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// An extension to measure with.
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// Its C files: the objects of several are linked into one.
    pub units: Vec<Unit>,
    /// Whether every function and variable gets a section of its own.
    pub sections: bool,
    /// The function to call.
    pub entry: &'static str,
    /// What that returns.
    pub expected: u32,
}

impl Workload {
    pub(crate) fn new(name: &'static str, sections: bool, text: String, expected: u32) -> Self {
        Workload {
            name,
            units: vec![Unit { name, text }],
            sections,
            entry: "ext_entry",
            expected,
        }
    }
}

/// One function, one export, one call.
pub fn hello() -> Workload {
    let text = format!(
        "{INCLUDE}extern void printk(const char *fmt, ...);\nvoid hello_world(void)\n{{\n\tprintk(\"hello world\\n\");\n}}\n\
         EXPORT_SYMBOL(hello_world);\n"
    );
    Workload {
        entry: "hello_world",
        ..Workload::new("hello", false, text, 0)
    }
}

/// A table of 1,000 function pointers, and 100 functions that make 10 calls each.
pub fn many_relocs(random: &mut Random, names: &Names) -> Workload {
    let mut text = format!("{INCLUDE}typedef int (*fn_t)(void);\n");
    text.push_str(&declarations(&names.used));
    let table: Vec<&String> = (0..1000).map(|_| random.choose(&names.used)).collect();
    let mut sum: u32 = table.iter().map(|name| names.place(name)).sum();
    text.push_str("const fn_t fn_table[1000] = {\n");
    for name in table {
        _ = writeln!(text, "\t{name},");
    }
    text.push_str("};\n");
    for i in 0..100 {
        let called = random.sample(&names.used, 10);
        sum += called.iter().map(|name| names.place(name)).sum::<u32>();
        _ = writeln!(text, "static __attribute__((noinline)) int f{i}(int x)\n{{");
        for name in called {
            _ = writeln!(text, "\tx += {name}();");
        }
        text.push_str("\treturn x;\n}\n");
    }
    text.push_str("int ext_entry(void)\n{\n\tint x = 0;\n");
    for i in 0..100 {
        _ = writeln!(text, "\tx = f{i}(x);");
    }
    text.push_str(
        "\tfor (int i = 0; i < 1000; i++) x += fn_table[i]();\n\treturn x;\n}\nEXPORT_SYMBOL(ext_entry);\n",
    );
    Workload::new("many_relocs", false, text, sum)
}

/// 64 KiB of code in 200 functions, each of which calls the one before.
pub fn big_code(random: &mut Random) -> Workload {
    let mut text = INCLUDE.to_owned();
    let mut functions: Vec<Vec<(u32, u32, u32)>> = Vec::new();
    for i in 0..200 {
        let statements: Vec<_> = (0..15 + usize::from(i % 4 != 0))
            .map(|_| {
                let flip = random.between(1, 1 << 31);
                let shift = random.between(1, 30);
                (flip, shift, random.between(1, 1 << 31))
            })
            .collect();
        _ = writeln!(
            text,
            "static __attribute__((noinline)) unsigned bf_{i}(unsigned x)\n{{"
        );
        for (flip, shift, factor) in &statements {
            _ = writeln!(
                text,
                "\tx = ((x ^ {flip:#x}u) + (x >> {shift})) * {factor:#x}u;"
            );
        }
        if i > 0 {
            _ = writeln!(text, "\tx += bf_{}(x);", i - 1);
        }
        text.push_str("\treturn x;\n}\n");
        functions.push(statements);
    }
    text.push_str("unsigned ext_entry(void)\n{\n\treturn bf_199(1);\n}\n");
    text.push_str(EXPORT_ENTRY);
    Workload::new("big_code", false, text, run(&functions, 1))
}

/// What the last of `functions` returns for `x`.
fn run(functions: &[Vec<(u32, u32, u32)>], x: u32) -> u32 {
    let Some((last, before)) = functions.split_last() else {
        return 0;
    };
    let x = last.iter().fold(x, |x, (flip, shift, factor)| {
        (x ^ flip).wrapping_add(x >> shift).wrapping_mul(*factor)
    });
    x.wrapping_add(run(before, x))
}

/// 32 KiB of constants, 16 KiB of variables and 64 KiB of zeros.
pub fn data_heavy(random: &mut Random) -> Workload {
    let constants: Vec<u32> = (0..32_768).map(|_| random.below(256) as u32).collect();
    let variables: Vec<u32> = (0..4096).map(|_| random.below(1 << 32) as u32).collect();
    let mut text = format!("{INCLUDE}const unsigned char ro_blob[32768] = {{\n");
    for row in constants.chunks(32) {
        let row: Vec<_> = row.iter().map(u32::to_string).collect();
        _ = writeln!(text, "\t{},", row.join(","));
    }
    text.push_str("};\nunsigned rw_blob[4096] = {\n");
    for row in variables.chunks(8) {
        let row: Vec<_> = row.iter().map(|word| format!("{word:#x}u")).collect();
        _ = writeln!(text, "\t{},", row.join(","));
    }
    text.push_str(
        "};
unsigned char zero_blob[65536];
unsigned ext_entry(void)
{
	unsigned s = 0;
	for (unsigned i = 0; i < sizeof(ro_blob); i++) s = s * 31 + ro_blob[i];
	for (unsigned i = 0; i < 4096; i++) s = s * 31 + rw_blob[i];
	for (unsigned i = 0; i < sizeof(zero_blob); i++) s = s * 31 + zero_blob[i];
	zero_blob[5] = 7;
	rw_blob[3] ^= 1;
	return s;
}
",
    );
    text.push_str(EXPORT_ENTRY);
    let zeros = std::iter::repeat_n(&0, 65_536);
    let sum = constants
        .iter()
        .chain(&variables)
        .chain(zeros)
        .fold(0u32, |sum, word| sum.wrapping_mul(31).wrapping_add(*word));
    Workload::new("data_heavy", false, text, sum)
}

/// 300 functions in sections of their own.
pub fn sections_many_fn(names: &Names) -> Workload {
    many_sections("sections_many_fn", names, |text, i, name, sum| {
        _ = writeln!(
            text,
            "unsigned sf{i}(unsigned x)\n{{\n\treturn x * 3 + {i} + (unsigned){name}();\n}}"
        );
        sum.wrapping_mul(3).wrapping_add(i + names.place(name))
    })
}

/// 300 functions, variables and tables of constants in sections of their own.
pub fn sections_many_data(names: &Names) -> Workload {
    many_sections("sections_many_data", names, |text, i, name, sum| {
        _ = writeln!(
            text,
            "unsigned dv{i} = {};\nconst unsigned cv{i}[4] = {};",
            i * 3 + 1,
            four(i)
        );
        _ = writeln!(
            text,
            "unsigned sf{i}(unsigned x)\n{{\n\treturn x + dv{i} + cv{i}[x & 3] + (unsigned){name}();\n}}"
        );
        sum.wrapping_add(i * 3 + 1 + i + (sum & 3) + names.place(name))
    })
}

/// The same, and 300 variables that are zero at first.
pub fn sections_many(names: &Names) -> Workload {
    many_sections("sections_many", names, |text, i, name, sum| {
        _ = writeln!(
            text,
            "unsigned dv{i} = {};\nunsigned bv{i};\nconst unsigned cv{i}[4] = {};",
            i * 3 + 1,
            four(i)
        );
        _ = writeln!(
            text,
            "unsigned sf{i}(unsigned x)\n{{\n\tbv{i} += x & 1;\n\treturn x + dv{i} + cv{i}[x & 3] + (unsigned){name}();\n}}"
        );
        sum.wrapping_add(i * 3 + 1 + i + (sum & 3) + names.place(name))
    })
}

/// `{i,i+1,i+2,i+3}`
fn four(i: u32) -> String {
    format!("{{{i},{},{},{}}}", i + 1, i + 2, i + 3)
}

/// An extension of 300 parts, which `part` writes: given the text, the part's number, the export that it calls, and what the
/// parts before it return, it says what they all return.
fn many_sections(
    name: &'static str,
    names: &Names,
    part: impl Fn(&mut String, u32, &str, u32) -> u32,
) -> Workload {
    let called = &names.used[..50];
    let mut text = INCLUDE.to_owned();
    text.push_str(&declarations(called));
    let sum = (0..300).fold(0, |sum, i| {
        part(&mut text, i, &called[i as usize % called.len()], sum)
    });
    text.push_str("unsigned ext_entry(void)\n{\n\tunsigned x = 0;\n");
    for i in 0..300 {
        _ = writeln!(text, "\tx = sf{i}(x);");
    }
    text.push_str("\treturn x;\n}\n");
    text.push_str(EXPORT_ENTRY);
    Workload::new(name, true, text, sum)
}

const WORDS: [&str; 8] = [
    "alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta",
];
const SETTINGS: [u32; 4] = [5, 6, 7, 8];

/// Three objects linked into one that is still relocatable.
pub fn partial(random: &mut Random, names: &Names) -> Workload {
    let called = |part: usize| &names.used[60 + 10 * part..70 + 10 * part];
    let table: Vec<u32> = (0..64).map(|_| random.below(1 << 16) as u32).collect();
    let mut a = format!("{INCLUDE}{}", declarations(called(0)));
    a.push_str(
        "extern unsigned part_b(unsigned); extern unsigned part_c(unsigned);\n\
         extern unsigned shared_ctr; extern const unsigned shared_tab[64];\n\
         unsigned ext_entry(void)\n{\n\tunsigned x = shared_ctr;\n",
    );
    a.push_str(&calls(called(0)));
    a.push_str("\tfor (int i = 0; i < 64; i++) x += shared_tab[i];\n\tx = part_b(x);\n\tx = part_c(x);\n\treturn x;\n}\n");
    a.push_str(EXPORT_ENTRY);
    let mut b = declarations(called(1));
    _ = writeln!(
        b,
        "extern unsigned part_c(unsigned);\nunsigned shared_ctr = 1234; static unsigned priv_b[32]; \
         const char *const b_names[8] = {{\"{}\"}};",
        WORDS.join("\",\"")
    );
    b.push_str("unsigned part_b(unsigned x)\n{\n\tpriv_b[x & 31]++;\n\tx += (unsigned char)b_names[x & 7][0];\n");
    b.push_str(&calls(called(1)));
    b.push_str("\treturn part_c(x);\n}\n");
    let mut c = declarations(called(2));
    let list: Vec<_> = table.iter().map(u32::to_string).collect();
    _ = writeln!(
        c,
        "const unsigned shared_tab[64] = {{{}}}; static unsigned priv_c[64]; static unsigned cfg_c[4] = {{5,6,7,8}};",
        list.join(",")
    );
    c.push_str("unsigned part_c(unsigned x)\n{\n\tpriv_c[x & 63] += x;\n\tx += cfg_c[x & 3];\n");
    c.push_str(&calls(called(2)));
    c.push_str("\treturn x;\n}\n");

    let places = |part| {
        called(part)
            .iter()
            .map(|name| names.place(name))
            .sum::<u32>()
    };
    let part_c = |x: u32| x + SETTINGS[(x & 3) as usize] + places(2);
    let part_b = |x: u32| {
        let x = x + u32::from(WORDS[(x & 7) as usize].as_bytes()[0]) + places(1);
        part_c(x)
    };
    let x = 1234 + places(0) + table.iter().sum::<u32>();
    Workload {
        name: "partial",
        units: [("partial_a", a), ("partial_b", b), ("partial_c", c)]
            .map(|(name, text)| Unit { name, text })
            .into(),
        sections: false,
        entry: "ext_entry",
        expected: part_c(part_b(x)),
    }
}

fn declarations(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("extern int {name}(void);\n"))
        .collect()
}

fn calls(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("\tx += (unsigned){name}();\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    /// As the C code computes them; an extension that returns another value was not loaded as it should be.
    #[test]
    fn the_values_are_those_of_the_first_figures() {
        let values: Vec<_> = crate::all()
            .iter()
            .map(|workload| (workload.name, workload.expected))
            .collect();
        let expected = [
            ("hello", 0),
            ("many_relocs", 1_800_285),
            ("big_code", 1_195_071_509),
            ("data_heavy", 1_195_109_504),
            ("sections_many_fn", 3_978_067_356),
            ("partial", 2_098_964),
            ("sections_many", 247_799),
            ("sections_many_data", 247_799),
        ];
        assert_eq!(values, expected);
    }
}
