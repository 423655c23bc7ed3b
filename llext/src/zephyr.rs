//! What Zephyr's LLEXT calls a thing, and what it is called here (this module is a page of documentation alone).
//!
//! A C firmware needs no page: `capi/` is this loader as a static library under Zephyr's names and errno values.
//!
//! | Zephyr | here | what differs |
//! |---|---|---|
//! | `llext_load(ldr, name, &ext, parm)` | [`Llext::load`] | A name that is loaded is one use more, and the source is not read, as there; [`use_count`] says so (1: new), where Zephyr returns the old count. Every error says where. A load that fails leaves nothing behind, dependency counts neither. Names have up to 63 letters, and a longer one is refused instead of cut |
//! | its order | [`load`] | Everything that can be refused is refused before memory is taken |
//! | `llext_unload(&ext)` | [`Llext::unload`] | [`Unloaded::uses_left`] is what Zephyr returns. At 0 the memory goes back, but not while others use the exports: [`UnloadError::InUse`]. What was allocated and not freed is reclaimed and told |
//! | `llext_by_name` | [`Llext::by_name`] | All letters count |
//! | `llext_iterate(fn, arg)` | [`Llext::iter`] | An iterator: `find`, `try_for_each` or `break` end it early |
//! | `llext_find_sym(NULL, name)` | [`Exports::find`] of [`Llext::exports`] | |
//! | `llext_find_sym(&ext->exp_tab, name)` | [`Extension::find`] | |
//! | `llext_call_fn(ext, name)` | [`Extension::function`], then the firmware's door to extension code, or [`call::function`] | Data of that name is not called |
//! | `llext_bringup`, `llext_teardown` | [`Extension::bringup`], [`Extension::teardown`] | The caller says how a function is called. Destructors run in reverse, as the ELF specification says. That functions lie in the extension's text is checked by the load |
//! | `llext_bootstrap(ext, entry, data)` | [`Extension::bootstrap`] | The entry's place is checked; where it ended early is told |
//! | `llext_add_domain` | none | There is no user mode. [`Extension::regions`] is what a domain would be given |
//! | `llext_get_region_info` | [`Extension::region`], [`Extension::regions`] | |
//! | `llext_get_section_info`, `llext_section_shndx` | [`Extension::sections`], [`Extension::section`] | Kept in 16 bytes and a name a section, not as headers |
//! | `llext_find_section`, `llext_get_section_header` | [`Llext::find_section`], [`Llext::section_header`] | Read from the source when asked for, before a load or after it |
//! | `llext_heap_init`, `llext_heap_uninit` | [`TlsfHeap::init`], [`TlsfHeap::uninit`] | As many heaps as one likes. A second `init` and an `uninit` while something is loaded are errors, as there |
//! | `llext_heap_init_harvard` | [`SplitHeap::init_split`] | |
//! | `ldr_parm->relocate_local` | [`LoadOptions::relocate_local`] | |
//! | `ldr_parm->pre_located` | [`LoadOptions::pre_located`] | Sections must lie where `sh_addr` says, or it is an error that names one |
//! | `ldr_parm->section_detached` | [`LoadOptions::detached`] | A closure |
//! | `ldr_parm->keep_section_info`, `llext_free_inspection_data` | [`LoadOptions::keep_sections`] | What is kept goes with the extension |
//! | `EXPORT_SYMBOL` in the firmware | [`export_group!`](crate::export_group), [`exports!`](crate::exports) | A name that is exported twice does not compile |
//! | `EXPORT_GROUP_SYMBOL`, `CONFIG_LLEXT_EXPORT_SYMBOL_GROUP_…` | one constant a group, under a `cfg` in `exports!` | The shell's firmware has a cargo feature a group |
//! | `CONFIG_LLEXT_EXPORT_BUILTINS_BY_SLID` | feature `slid`, `exports_by_id!` | Ids are computed by the compiler: no step after the link. Extensions need no step either, though ids that Zephyr's has put into one are used |
//! | `CONFIG_LLEXT_IMPORT_ALL_GLOBALS` | [`LoadOptions::export_all`] | Said by each load |
//!
//! Files that are linked (`ET_DYN`: shared libraries, position-independent executables) are loaded on every machine. `PT_DYNAMIC` is
//! read; libraries that a file asks for are told to [`Report::needed`] and not looked for; text relocations are applied;
//! `COPY` relocations, packed relative ones (`DT_RELR`) and thread-local segments (`PT_TLS`) are refused. An image is
//! one block whose segments keep the distances that the linker chose: `-z max-page-size=4` keeps those small.
//!
//! [`call::function`]: crate::call::function
//! [`Exports::find`]: crate::Exports::find
//! [`Extension::bootstrap`]: crate::Extension::bootstrap
//! [`Extension::bringup`]: crate::Extension::bringup
//! [`Extension::find`]: crate::Extension::find
//! [`Extension::function`]: crate::Extension::function
//! [`Extension::region`]: crate::Extension::region
//! [`Extension::regions`]: crate::Extension::regions
//! [`Extension::section`]: crate::Extension::section
//! [`Extension::sections`]: crate::Extension::sections
//! [`Extension::teardown`]: crate::Extension::teardown
//! [`Llext::by_name`]: crate::Llext::by_name
//! [`Llext::exports`]: crate::Llext::exports
//! [`Llext::find_section`]: crate::Llext::find_section
//! [`Llext::iter`]: crate::Llext::iter
//! [`Llext::load`]: crate::Llext::load
//! [`Llext::section_header`]: crate::Llext::section_header
//! [`Llext::unload`]: crate::Llext::unload
//! [`load`]: crate::load
//! [`LoadOptions::export_all`]: crate::LoadOptions::export_all
//! [`LoadOptions::detached`]: crate::LoadOptions::detached
//! [`LoadOptions::keep_sections`]: crate::LoadOptions::keep_sections
//! [`LoadOptions::pre_located`]: crate::LoadOptions::pre_located
//! [`LoadOptions::relocate_local`]: crate::LoadOptions::relocate_local
//! [`Report::needed`]: crate::Report::needed
//! [`SplitHeap::init_split`]: crate::SplitHeap::init_split
//! [`TlsfHeap::init`]: crate::TlsfHeap::init
//! [`TlsfHeap::uninit`]: crate::TlsfHeap::uninit
//! [`UnloadError::InUse`]: crate::UnloadError::InUse
//! [`Unloaded::uses_left`]: crate::Unloaded::uses_left
//! [`use_count`]: crate::Extension::use_count
