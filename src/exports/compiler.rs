//! What compilers call without being asked: arithmetic that the CPU does not have. It comes from libgcc
//! and Rust's compiler-builtins, whichever the linker finds first: the ABI fixes what they do.

#[cfg(target_arch = "arm")]
pub use arm::COMPILER;
#[cfg(target_arch = "riscv32")]
pub use riscv::COMPILER;

#[cfg(target_arch = "arm")]
mod arm {
    /// Unwinding tables name this; nobody unwinds here, so nobody calls it.
    extern "C" fn no_unwinding() {}

    llext::export_group! {
        /// Run-time ABI for the ARM architecture (RTABI32), sections 4.1 to 4.3 and 5.3.5; of EHABI32, section 9.2, what tables name;
        /// and of libgcc what GCC calls for `__builtin_popcount`.
        pub COMPILER:
        __aeabi_idiv, __aeabi_idivmod, __aeabi_uidiv, __aeabi_uidivmod,
        __aeabi_ldivmod, __aeabi_uldivmod, __aeabi_lmul,
        __aeabi_llsl, __aeabi_llsr, __aeabi_lasr, __aeabi_lcmp, __aeabi_ulcmp,
        __aeabi_dadd, __aeabi_dsub, __aeabi_drsub, __aeabi_dmul, __aeabi_ddiv,
        __aeabi_dcmpeq, __aeabi_dcmplt, __aeabi_dcmple, __aeabi_dcmpge, __aeabi_dcmpgt, __aeabi_dcmpun,
        __aeabi_d2iz, __aeabi_d2uiz, __aeabi_d2lz, __aeabi_d2ulz, __aeabi_d2f,
        __aeabi_i2d, __aeabi_ui2d, __aeabi_l2d, __aeabi_ul2d,
        __aeabi_fadd, __aeabi_fsub, __aeabi_frsub, __aeabi_fmul, __aeabi_fdiv,
        __aeabi_fcmpeq, __aeabi_fcmplt, __aeabi_fcmple, __aeabi_fcmpge, __aeabi_fcmpgt, __aeabi_fcmpun,
        __aeabi_f2iz, __aeabi_f2uiz, __aeabi_f2lz, __aeabi_f2ulz, __aeabi_f2d,
        __aeabi_i2f, __aeabi_ui2f, __aeabi_l2f, __aeabi_ul2f,
        __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8,
        __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8,
        __aeabi_memset, __aeabi_memset4, __aeabi_memset8,
        __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8,
        __aeabi_unwind_cpp_pr0 => no_unwinding,
        __aeabi_unwind_cpp_pr1 => no_unwinding,
        __aeabi_unwind_cpp_pr2 => no_unwinding,
        __popcountsi2, __popcountdi2, __aeabi_read_tp,
    }
}

#[cfg(target_arch = "riscv32")]
mod riscv {
    llext::export_group! {
        /// libgcc's names (GCC internals manual, section 4).
        pub COMPILER:
        __muldi3, __divdi3, __udivdi3, __moddi3, __umoddi3,
        __ashldi3, __lshrdi3, __ashrdi3, __cmpdi2, __ucmpdi2,
        __adddf3, __subdf3, __muldf3, __divdf3, __negdf2,
        __eqdf2, __nedf2, __ltdf2, __ledf2, __gtdf2, __gedf2, __unorddf2,
        __fixdfsi, __fixunsdfsi, __fixdfdi, __fixunsdfdi, __truncdfsf2,
        __floatsidf, __floatunsidf, __floatdidf, __floatundidf,
        __addsf3, __subsf3, __mulsf3, __divsf3, __negsf2,
        __eqsf2, __nesf2, __ltsf2, __lesf2, __gtsf2, __gesf2, __unordsf2,
        __fixsfsi, __fixunssfsi, __fixsfdi, __fixunssfdi, __extendsfdf2,
        __floatsisf, __floatunsisf, __floatdisf, __floatundisf,
        __clzsi2, __ctzsi2, __clzdi2, __ctzdi2, __bswapsi2, __bswapdi2,
        __popcountsi2, __popcountdi2,
    }
}
