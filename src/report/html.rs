//! The pieces of a page: text made harmless, tables, pictures in place.

pub(super) use crate::diagnostics::xml_text as escaped;

/// A table; the cells are HTML already. The first column are headings, those after it numbers.
pub(super) fn table(class: &str, heads: &[String], rows: &[Vec<String>]) -> String {
    let mut text = format!("<div class=\"wide\"><table class=\"{class}\">\n<thead><tr>");
    for head in heads {
        text.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        text.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            match at {
                0 => text.push_str(&format!("<th scope=\"row\">{cell}</th>")),
                _ => text.push_str(&format!("<td>{cell}</td>")),
            }
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

/// Bytes as a link that holds them.
pub(super) fn data_uri(kind: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("data:{kind};base64,");
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS.get((bits >> shift & 63) as usize).copied().unwrap_or(b'A');
            text.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// The style of a page, in light and dark.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2328;--faint:#57606a;--rule:#d8dee4;--paper:#ffffff;--back:#f6f8fa;--good:#1a7f37;--bad:#cf222e;--blue:31,111,235;--red:207,34,46}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--faint:#9aa4af;--rule:#30363d;--paper:#0d1117;--back:#161b22;--good:#56d674;--bad:#ff8f88;--blue:108,176,255;--red:255,123,114}}
body{margin:0 auto;max-width:1320px;padding:24px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",Verdana,sans-serif}
h1{font-size:26px;margin:0}
h2{font-size:20px;margin:36px 0 8px;border-bottom:1px solid var(--rule);padding-bottom:4px}
h3{font-size:16px;margin:22px 0 6px}
.faint,small{color:var(--faint)}
.good{color:var(--good)}
.bad{color:var(--bad)}
.state{display:inline-block;border:1px solid currentColor;border-radius:10px;padding:0 10px;font-size:14px}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:6px 0}
th,td{padding:3px 12px 3px 0;text-align:left;vertical-align:top}
thead th{color:var(--faint);font-weight:600;border-bottom:1px solid var(--rule)}
tbody th{font-weight:400}
.facts tbody th{color:var(--faint);white-space:nowrap}
.results td,.results thead th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums}
.confusion th,.confusion td{padding:3px 8px;text-align:right;font-variant-numeric:tabular-nums;border:1px solid var(--rule)}
.charts{display:flex;flex-wrap:wrap;gap:12px}
.charts svg,.network svg{max-width:100%;height:auto}
.mistakes{display:flex;flex-wrap:wrap;gap:12px}
.mistake{border:1px solid var(--rule);border-radius:6px;padding:10px;min-width:120px;max-width:300px;overflow-wrap:anywhere}
.mistake img{width:112px;image-rendering:pixelated;display:block;margin-bottom:6px}
.mistake p{margin:0}
.mistake table{font-size:13px;margin:6px 0 0}
.mistake td,.mistake th{padding:0 8px 0 0}
pre,code{font:13px/1.45 ui-monospace,\"SF Mono\",Menlo,Consolas,\"DejaVu Sans Mono\",monospace}
pre{background:var(--back);border:1px solid var(--rule);border-radius:6px;padding:10px;overflow-x:auto}
.number{color:var(--faint);user-select:none;-webkit-user-select:none}
details{margin:8px 0}
summary{cursor:pointer}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(data_uri("a/b", bytes.as_bytes()), format!("data:a/b;base64,{text}"));
        }
    }
}
