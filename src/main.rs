//! The `nnrun` command.

/// A language server that answers at each key makes and drops a program of small pieces each time: with the allocator of
/// the C library a third of the time goes there. Windows has no C compiler where only Rust is installed.
#[cfg(not(windows))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    nnrun::cli::main()
}
