//! The `nnrun` command.

/// Windows has no C compiler where only Rust is installed.
#[cfg(not(windows))]
#[global_allocator]
static ALLOCATOR: nnrun::runtime::Allocator = nnrun::runtime::Allocator;

fn main() -> std::process::ExitCode {
    nnrun::cli::main()
}
