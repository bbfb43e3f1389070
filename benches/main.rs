//! Figures: what revokd costs, each beside something that everybody knows the
//! cost of, measured in the same run. README.md says what and why.
//!
//! One binary, because a figure needs other processes (a cloud that does not
//! share our clock cycles) and the simplest other process is this one again.

mod bare;
mod cloud;
mod dispatch;
mod evaluate;
mod memory;
mod plan;
mod process;
mod registry;
mod setup;
mod store;
mod table;
mod urgent;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench` to whatever it was given.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [cloud::SUBCOMMAND, rest @ ..] = arguments.as_slice() {
        return cloud::serve(rest);
    }
    if let [registry::SUBCOMMAND, rest @ ..] = arguments.as_slice() {
        return registry::serve(rest);
    }
    process::describe_machine();
    match arguments.as_slice() {
        [] => {
            evaluate::main()?;
            plan::main()?;
            store::main()?;
            dispatch::main()?;
            urgent::main()?;
            memory::main()
        }
        ["evaluate"] => evaluate::main(),
        ["plan"] => plan::main(),
        ["store"] => store::main(),
        ["dispatch"] => dispatch::main(),
        ["urgent"] => urgent::main(),
        ["memory"] => memory::main(),
        other => {
            bail!("there is no figure {other:?}; there are: evaluate, plan, store, dispatch, urgent, memory")
        }
    }
}
