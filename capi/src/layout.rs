//! C's structures are Rust's: one table of offsets, checked by the compiler of each target here, and given to C compilers in
//! a test.

use crate::buffer::BufLoader;
use crate::handle::{Handle, Shdr, Symbol, Symtable};
use crate::load::Param;
use crate::source::Loader;
use core::mem::{offset_of, size_of};

/// Bytes of a pointer.
const P: usize = size_of::<usize>();

/// Checks offsets and size of a structure (as Rust expressions that are C's too), and makes C's lines of them.
macro_rules! layout {
    ($($rust:ident is $c:literal: { $($field:ident = $member:ident at $offset:expr,)+ } of $size:expr;)+) => {
        $(
            $(const _: () = assert!(offset_of!($rust, $field) == $offset);)+
            const _: () = assert!(size_of::<$rust>() == $size);
        )+

        #[cfg(test)]
        const C: &str = concat!($(
            $("_Static_assert(offsetof(", $c, ", ", stringify!($member), ") == ", stringify!($offset), ", \"\");\n",)+
            "_Static_assert(sizeof(", $c, ") == ", stringify!($size), ", \"\");\n",
        )+);
    };
}

layout! {
    Symbol is "struct llext_symbol": { name = name at 0, address = addr at P, } of 2 * P;
    Symtable is "struct llext_symtable": { count = sym_cnt at 0, symbols = syms at P, } of 2 * P;
    Shdr is "elf_shdr_t": {
        name = sh_name at 0,
        kind = sh_type at 4,
        flags = sh_flags at 8,
        addr = sh_addr at 8 + P,
        offset = sh_offset at 8 + 2 * P,
        size = sh_size at 8 + 3 * P,
        link = sh_link at 8 + 4 * P,
        info = sh_info at 12 + 4 * P,
        addralign = sh_addralign at 16 + 4 * P,
        entsize = sh_entsize at 16 + 5 * P,
    } of 16 + 6 * P;
    Handle is "struct llext": {
        name = name at 0,
        mem = mem at 64,
        mem_size = mem_size at 64 + 4 * P,
        alloc_size = alloc_size at 64 + 8 * P,
        exports = exp_tab at 64 + 9 * P,
        use_count = use_count at 64 + 11 * P,
        headers = sect_hdrs at 64 + 12 * P,
        header_count = sect_cnt at 64 + 13 * P,
        next = next at 64 + 14 * P,
        id = id at 64 + 15 * P,
    } of 64 + 16 * P;
    Loader is "struct llext_loader": {
        prepare = prepare at 0,
        read = read at P,
        seek = seek at 2 * P,
        peek = peek at 3 * P,
        finalize = finalize at 4 * P,
        size = size at 5 * P,
        storage = storage at 6 * P,
    } of 7 * P;
    BufLoader is "struct llext_buf_loader": {
        loader = loader at 0,
        buffer = buf at 7 * P,
        len = len at 8 * P,
        position = pos at 9 * P,
    } of 10 * P;
    Param is "struct llext_load_param": {
        relocate_local = relocate_local at 0,
        pre_located = pre_located at 1,
        detached = section_detached at P,
        keep_section_info = keep_section_info at 2 * P,
    } of 3 * P;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errno;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Lets a C compiler check `text` after the header.
    fn compile(compiler: &str, options: &[&str], text: &str) {
        let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include");
        let mut child = Command::new(compiler)
            .args(options)
            .args([
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
                "-fsyntax-only",
                include,
                "-",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{compiler}: {error}"));
        let mut input = child.stdin.take().unwrap();
        write!(
            input,
            "#include <llext.h>\n#define P sizeof(void *)\n{text}"
        )
        .unwrap();
        drop(input);
        assert!(child.wait().unwrap().success(), "{compiler}");
    }

    fn numbers(enotsup: i32, enosys: i32) -> String {
        let line = |(name, value)| format!("_Static_assert({name} == {value}, \"\");\n");
        let same = [
            ("ENOENT", errno::ENOENT),
            ("EIO", errno::EIO),
            ("ENOEXEC", errno::ENOEXEC),
            ("ENOMEM", errno::ENOMEM),
            ("EFAULT", errno::EFAULT),
            ("EBUSY", errno::EBUSY),
            ("EEXIST", errno::EEXIST),
            ("EINVAL", errno::EINVAL),
            ("ENODATA", errno::ENODATA),
        ];
        let other = [("ENOTSUP", enotsup), ("ENOSYS", enosys)];
        same.into_iter().chain(other).map(line).collect()
    }

    #[test]
    fn structures_and_numbers_are_those_of_the_hosts_c() {
        let text = format!("{C}{}", numbers(errno::ENOTSUP, errno::ENOSYS));
        compile("cc", &["-x", "c", "-std=c11"], &text);
        let text = text.replace("_Static_assert", "static_assert");
        compile(
            "c++",
            &["-x", "c++", "-std=c++17"],
            &format!("#include <cstddef>\n{text}"),
        );
    }

    #[test]
    fn structures_and_numbers_are_those_of_the_boards_c() {
        let [enotsup, enosys] = [errno::BARE_ENOTSUP, errno::BARE_ENOSYS];
        let text = format!("{C}{}", numbers(enotsup, enosys));
        let options = ["-x", "c", "-std=c11", "--specs=picolibc.specs"];
        compile(
            "arm-none-eabi-gcc",
            &[&options[..], &["-mcpu=cortex-m3", "-mthumb"]].concat(),
            &text,
        );
        let riscv = ["-march=rv32imac", "-mabi=ilp32"];
        compile(
            "riscv64-unknown-elf-gcc",
            &[&options[..], &riscv].concat(),
            &text,
        );
    }
}
