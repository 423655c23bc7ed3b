# llext_add_extension(NAME SOURCE...): the extension NAME.elf of C and C++ sources; the folder stripped/ beside it has the file
# for the target, and debug-files/ what GDB needs.
# llext_add_rust_extension(NAME FOLDER): the same of the Rust package NAME in FOLDER. Cargo is asked at each build, for it knows what has
# changed; CARGO and CARGOFLAGS in the environment are another cargo and more of its flags.
#
# The toolchain file beside this one has the board's flags and lets CMake find this:
#
#     cmake_minimum_required(VERSION 3.20)
#     project(blink C)
#     include(llext)
#     llext_add_extension(blink blink.c)
#
#     cmake -B build -DCMAKE_TOOLCHAIN_FILE=KIT/cmake/toolchain.cmake
#
# With -DLLEXT_BIND=ON, only firmware with the kit's exports loads it.

option(LLEXT_BIND "Bind extensions to the exports of the kit's firmware" OFF)

function(llext_add_extension name)
	add_executable(${name} ${ARGN})
	set_target_properties(${name} PROPERTIES
		SUFFIX .elf
		LINK_DEPENDS "${LLEXT_KIT}/extension.ld")
	target_include_directories(${name} PRIVATE "${LLEXT_KIT}/include")
	if(LLEXT_BIND)
		target_compile_definitions(${name} PRIVATE LLEXT_ABI_ID=${LLEXT_ABI})
	endif()
	# picolibc.specs asks for a collection, which may not touch what a C file without EXPORT_SYMBOL defines.
	target_link_options(${name} PRIVATE
		-r -nostdlib "LINKER:--build-id,-z,noexecstack,--no-gc-sections" "-T${LLEXT_KIT}/extension.ld")
	add_custom_command(TARGET ${name} POST_BUILD
		COMMAND "${LLEXT_KIT}/llext-pack" "${CMAKE_OBJCOPY}" "$<TARGET_FILE:${name}>"
		VERBATIM)
endfunction()

function(llext_add_rust_extension name folder)
	get_filename_component(package "${folder}" ABSOLUTE)
	set(elf "${CMAKE_CURRENT_BINARY_DIR}/${name}.elf")
	if(LLEXT_BIND)
		set(bound "LLEXT_ABI_ID=${LLEXT_ABI}")
	endif()
	add_custom_target(${name} ALL
		COMMAND "${CMAKE_COMMAND}" -E env ${bound}
			"${LLEXT_KIT}/llext-rust" ${LLEXT_RUST} "${LLEXT_KIT}" "${package}" "${elf}"
		BYPRODUCTS "${elf}" "${CMAKE_CURRENT_BINARY_DIR}/stripped/${name}.elf"
		USES_TERMINAL
		VERBATIM)
endfunction()
