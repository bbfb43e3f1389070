use std::process::ExitCode;

fn main() -> ExitCode {
    revokd::cli::main()
}
