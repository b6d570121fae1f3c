//! Semantic tokens.

use nnrun::check::{Overrides, check_text};
use nnrun::ide::{Names, TokenKind};
use std::path::Path;

#[test]
fn words_are_what_they_resolve_to() {
    // `mean` is an output and a function, `padding` an argument, `same` a choice, `x` an input and a field.
    let text = "hyper width = 8 # how wide
data d {
  let t = rows([[0, 1]], columns: [p, q])
  field x = t[p, q]
}
block B(n)(x: [D]) -> [n] {
  x |> Dense(n)
}
model M(x: d.x) -> mean: [width] {
  let mean = x |> B(n: width) |> relu
  mean - mean(mean)
}
train M on d {
  loss: mse(mean, x)
  epochs: 1
}
";
    let checked = check_text(Path::new("test.nn"), text, &Overrides::default());
    let names = Names::of(&checked);
    let shown: Vec<String> = nnrun::ide::tokens(&names, &checked.sources, checked.file)
        .iter()
        .filter(|token| !matches!(token.kind, TokenKind::Operator | TokenKind::Number))
        .map(|token| {
            let marks = [(token.is_declaration, "!"), (token.is_constant, "="), (token.is_catalog, "*")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            format!("{} {:?}{marks}", checked.sources.text(token.span), token.kind)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
