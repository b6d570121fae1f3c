//! The `nnrun` command.

fn main() -> std::process::ExitCode {
    nnrun::cli::main()
}
