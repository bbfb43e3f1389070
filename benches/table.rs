//! Printing figures.

pub fn head(text: &str) {
    println!("\n{text}");
}

pub fn row(what: &str, figure: &str) {
    println!("  {what:<58} {figure}");
}

/// The ratio that the goal is about, and whether it is met.
pub fn goal(what: &str, is: f64, wanted: &str, met: bool) {
    let word = if met { "met" } else { "MISSED" };
    row(what, &format!("{is:.2} (goal {wanted}: {word})"));
}

/// The middle value; of an even number, the upper of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
