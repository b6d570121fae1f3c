//! The worst mistakes, each with what the model was given.

use super::html::{data_uri, escaped};
use super::numbers;
use crate::ide::count;
use crate::train::{Content, ExampleInput, Mistake, Mistakes};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, imageops};
use std::io::Cursor;

/// Pixels of the longer side of an image; larger ones are made smaller.
const SIDE: u32 = 112;
/// Numbers that are shown of a vector.
const NUMBERS: usize = 16;
/// Letters that are shown of a name, or of names one after another.
const LETTERS: usize = 200;

/// The mistakes of a model, as far as they fit into so many bytes.
pub(super) fn section(mistakes: &Mistakes, room: usize) -> String {
    let mut text = format!(
        "<h3>Worst mistakes ({})</h3>\n<p class=\"faint\">{} of {} examples are wrong{}</p>\n",
        mistakes.split.name(),
        count(mistakes.wrong as u64),
        count(mistakes.examples as u64),
        if mistakes.wrong == 0 { "" } else { "; first those whose truth was thought least likely" }
    );
    if mistakes.worst.is_empty() {
        return text;
    }
    text.push_str("<div class=\"mistakes\">\n");
    let mut left = room;
    for mistake in &mistakes.worst {
        let one = card(mistake, &mistakes.field);
        match left.checked_sub(one.len()) {
            Some(rest) => left = rest,
            None => break,
        }
        text.push_str(&one);
    }
    text.push_str("</div>\n");
    text
}

fn card(mistake: &Mistake, field: &str) -> String {
    let mut text = String::from("<div class=\"mistake\">\n");
    let (images, others): (Vec<_>, Vec<_>) =
        mistake.inputs.iter().partition(|i| matches!(i.content, Content::Image { .. }));
    for input in images {
        text.push_str(&picture(input).unwrap_or_default());
    }
    text.push_str(&format!(
        "<p>taken for <b class=\"bad\">{}</b> <small>{}</small></p>\n<p>{} is <b>{}</b> <small>{}</small></p>\n\
         <p><small>example {}</small></p>\n",
        escaped(&cut(&mistake.predicted)),
        percent(mistake.of_predicted),
        escaped(field),
        escaped(&cut(&mistake.truth)),
        percent(mistake.of_truth),
        count(mistake.number as u64)
    ));
    let rows: String = others.iter().map(|input| rows(input)).collect();
    if !rows.is_empty() {
        text.push_str(&format!("<table>\n<tbody>\n{rows}</tbody>\n</table>\n"));
    }
    text.push_str("</div>\n");
    text
}

/// In six digits: what was made a small number and back has no more.
fn short(x: f32) -> String {
    numbers::value(format!("{x:.5e}").parse().unwrap_or(f64::from(x)))
}

/// `83 %`, `<0.1 %`
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p.is_nan() => "?".to_owned(),
        p if p < 0.1 => "&lt;0.1 %".to_owned(),
        p if p < 10.0 => format!("{p:.1} %"),
        p => format!("{p:.0} %"),
    }
}

fn rows(input: &ExampleInput) -> String {
    let row = |name: &str, value: &str| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(&cut(name)), escaped(&cut(value)))
    };
    let more = |shown: usize, of: usize| match of.checked_sub(shown) {
        Some(more) if more > 0 => row("…", &format!("and {} more", count(more as u64))),
        _ => String::new(),
    };
    match &input.content {
        Content::Image { .. } => String::new(),
        Content::Values { values, of } => {
            let shown: Vec<String> = values
                .iter()
                .take(NUMBERS)
                .enumerate()
                .map(|(i, (column, value))| {
                    let place = if *of == 1 { input.name.clone() } else { format!("{}[{i}]", input.name) };
                    row(column.as_deref().unwrap_or(&place), &short(*value))
                })
                .collect();
            format!("{}{}", shown.concat(), more(shown.len(), *of))
        }
        Content::Names { names, of } => {
            // Characters read as a text, words as words.
            let is_text = names.iter().all(|name| name.chars().count() <= 1);
            let joined = names.join(if is_text { "" } else { " " });
            let end = if *of > names.len() { "…" } else { "" };
            row(&input.name, &format!("{joined}{end}"))
        }
        Content::Large(shape) => {
            let dims: Vec<String> = shape.iter().map(ToString::to_string).collect();
            row(&input.name, &format!("[{}]", dims.join(", ")))
        }
    }
}

fn cut(text: &str) -> String {
    let mut letters = text.chars();
    let kept: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_some() { format!("{kept}…") } else { kept }
}

/// An image as an element that holds it.
fn picture(input: &ExampleInput) -> Option<String> {
    let Content::Image { channels, height, width, values } = &input.content else { return None };
    let (w, h) = (u32::try_from(*width).ok()?, u32::try_from(*height).ok()?);
    let byte = |x: &f32| (x * 255.0).round().clamp(0.0, 255.0) as u8;
    let image = match channels {
        1 => DynamicImage::ImageLuma8(GrayImage::from_raw(w, h, values.iter().map(byte).collect())?),
        // Channels lie one after the other; a picture has those of a pixel together.
        3 => {
            let each = width * height;
            let pixels = (0..each).flat_map(|at| (0..3).map(move |channel| channel * each + at));
            let bytes: Option<Vec<u8>> = pixels.map(|at| values.get(at).map(byte)).collect();
            DynamicImage::ImageRgb8(RgbImage::from_raw(w, h, bytes?)?)
        }
        _ => return None,
    };
    let image = if w.max(h) > SIDE { image.resize(SIDE, SIDE, imageops::FilterType::Triangle) } else { image };
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(format!("<img alt=\"{}\" src=\"{}\">\n", escaped(&input.name), data_uri("image/png", png.get_ref())))
}
